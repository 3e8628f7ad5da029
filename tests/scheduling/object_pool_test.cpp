#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <random>
#include <set>
#include <thread>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <coppice/scheduling/object_pool.hpp>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

using namespace coppice::scheduling;

namespace {

// Each test has a size of its own where it counts blocks, as pools live as long as the program.

bool blocks_are_pooled() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return RUNNING_ON_VALGRIND == 0;
#endif
}

std::size_t resident_bytes() {
  std::size_t all = 0;
  std::size_t resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  REQUIRE(file != nullptr);
  CHECK(std::fscanf(file, "%zu %zu", &all, &resident) == 2);
  std::fclose(file);
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

template <typename Function>
void on_another_thread(Function function) {
  std::thread(function).join();
}

}  // namespace

TEST_SUITE("object_pool") {
  TEST_CASE_TEMPLATE_DEFINE("blocks are as large as asked for, aligned, and apart", Size, blocks_of_all_sizes) {
    constexpr std::size_t size = Size::value;
    using pool = block_pool<size>;
    std::size_t const before = pool::live();
    std::vector<unsigned char*> blocks;
    for (int i = 0; i < 500; ++i) {
      blocks.push_back(static_cast<unsigned char*>(pool::allocate()));
      std::memset(blocks.back(), i % 251, size);
      CHECK(reinterpret_cast<std::uintptr_t>(blocks.back()) % 16 == 0);
      if (size % 64 == 0 && size <= 1024) CHECK(reinterpret_cast<std::uintptr_t>(blocks.back()) % 64 == 0);
    }
    CHECK(pool::live() == before + 500);
    int spoilt = 0;
    for (int i = 0; i < 500; ++i) {
      for (std::size_t j = 0; j < size; ++j) spoilt += blocks[static_cast<std::size_t>(i)][j] != i % 251;
      pool::deallocate(blocks[static_cast<std::size_t>(i)]);
    }
    CHECK(spoilt == 0);
    CHECK(pool::live() == before);
  }
  template <std::size_t Size>
  using sized = std::integral_constant<std::size_t, Size>;
  TEST_CASE_TEMPLATE_INVOKE(blocks_of_all_sizes, sized<1>, sized<16>, sized<17>, sized<64>, sized<100>, sized<512>,
                            sized<513>, sized<576>, sized<1024>, sized<1025>, sized<5000>);

  TEST_CASE("a block given back is the next one taken") {
    using pool = block_pool<48>;
    void* const first = pool::allocate();
    pool::deallocate(first);
    void* const second = pool::allocate();
    if (blocks_are_pooled()) CHECK(first == second);
    pool::deallocate(second);
  }

  TEST_CASE("giving back a null pointer does nothing") {
    using pool = block_pool<80>;
    pool::deallocate(nullptr);
    block_pool<2000>::deallocate(nullptr);
    CHECK(pool::live() == 0);
  }

  TEST_CASE("sizes that round up to the same share a pool") {
    void* const block = block_pool<90>::allocate();
    CHECK(block_pool<96>::live() == 1);
    block_pool<96>::deallocate(block);
    CHECK(block_pool<90>::live() == 0);
  }

  TEST_CASE("blocks taken on one thread and given back on another are used again, without end") {
    using pool = block_pool<112>;
    std::set<void*> seen;
    std::array<void*, 1000> passed;
    for (int round = 0; round < 50; ++round) {
      for (void*& block : passed) seen.insert(block = pool::allocate());
      on_another_thread([&passed] {
        for (void* block : passed) pool::deallocate(block);
      });
      CHECK(pool::live() == 0);
    }
    if (blocks_are_pooled()) CHECK(seen.size() < 2500);
  }

  TEST_CASE("a thread that ends leaves what it kept to the others") {
    using pool = block_pool<128>;
    std::set<void*> its;
    on_another_thread([&its] {
      for (int i = 0; i < 10; ++i) its.insert(pool::allocate());
      for (void* block : its) pool::deallocate(block);
    });
    CHECK(pool::live() == 0);
    std::vector<void*> mine;
    std::size_t known = 0;
    for (int i = 0; i < 200; ++i) known += its.count(mine.emplace_back(pool::allocate()));
    if (blocks_are_pooled()) CHECK(known == 10);
    for (void* block : mine) pool::deallocate(block);
    CHECK(pool::live() == 0);
  }

  TEST_CASE("a thread that only gives blocks back leaves them to the others, too") {
    using pool = block_pool<144>;
    void* const block = pool::allocate();
    on_another_thread([block] { pool::deallocate(block); });
    CHECK(pool::live() == 0);
  }

  TEST_CASE("objects that end after their thread's cache may still use blocks") {
    using pool = block_pool<160>;
    struct last_object {
      void* block = nullptr;
      ~last_object() {
        pool::deallocate(block);
        pool::deallocate(pool::allocate());
      }
    };
    on_another_thread([] {
      static thread_local last_object made_first;
      made_first.block = nullptr;
      made_first.block = pool::allocate();
    });
    CHECK(pool::live() == 0);
  }

  TEST_CASE("what a thread keeps can be handed over while it lives") {
    using pool = block_pool<176>;
    std::vector<void*> blocks;
    for (int i = 0; i < 10; ++i) blocks.push_back(pool::allocate());
    std::set<void*> const mine(blocks.begin(), blocks.end());
    for (void* block : blocks) pool::deallocate(block);
    pool::release_thread_cache();
    pool::release_thread_cache();
    CHECK(pool::live() == 0);
    std::size_t known = 0;
    on_another_thread([&] {
      std::vector<void*> its;
      for (int i = 0; i < 100; ++i) known += mine.count(its.emplace_back(pool::allocate()));
      for (void* block : its) pool::deallocate(block);
    });
    if (blocks_are_pooled()) CHECK(known == 10);
  }

  TEST_CASE("the memory of a million blocks is given back by trimming") {
    using pool = block_pool<64>;
    constexpr std::size_t count = 1'000'000;
    std::vector<void*> blocks(count);
    std::size_t const before = resident_bytes();
    for (void*& block : blocks) std::memset(block = pool::allocate(), 1, 64);
    std::size_t const full = resident_bytes();
    for (void* block : blocks) pool::deallocate(block);
    pool::trim();
    if (blocks_are_pooled()) {
      CHECK(full - before > count * 60);
      CHECK(full - before < count * 70);
      CHECK(resident_bytes() < before + 1'000'000);
    }
    CHECK(pool::live() == 0);
    for (void*& block : blocks) std::memset(block = pool::allocate(), 2, 64);
    CHECK(pool::live() == count);
    for (void* block : blocks) pool::deallocate(block);
    pool::trim();
  }

  TEST_CASE("trimming leaves blocks in use alone") {
    using pool = block_pool<208>;
    std::mt19937 random(1);
    std::vector<unsigned char*> blocks;
    for (int round = 0; round < 20; ++round) {
      for (int i = 0; i < 3'000; ++i) {
        blocks.push_back(static_cast<unsigned char*>(pool::allocate()));
        std::memset(blocks.back(), 7, 208);
      }
      std::shuffle(blocks.begin(), blocks.end(), random);
      for (int i = 0; i < 2'900; ++i) {
        std::memset(blocks.back(), 8, 208);
        pool::deallocate(blocks.back());
        blocks.pop_back();
      }
      pool::trim();
      CHECK(pool::live() == blocks.size());
      int spoilt = 0;
      for (unsigned char const* block : blocks) {
        for (int i = 0; i < 208; ++i) spoilt += block[i] != 7;
      }
      CHECK(spoilt == 0);
    }
    for (unsigned char* block : blocks) pool::deallocate(block);
    pool::trim();
    CHECK(pool::live() == 0);
  }

  // Blocks travel through a ring of slots that all threads put into and take from, so that most are given back on
  // another thread than they came from. A block carries its writer's mark, all over, as long as it is in use.
  TEST_CASE("blocks that several threads exchange are nobody else's while in use") {
    using pool = block_pool<240>;
    constexpr int threads = 4;
    std::array<std::atomic<unsigned char*>, 64> ring = {};
    std::atomic<int> spoilt{0};
    auto const drop = [&spoilt](unsigned char* block) {
      for (int i = 1; i < 240; ++i) {
        if (block[i] != block[0]) spoilt.fetch_add(1);
      }
      std::memset(block, 0, 240);
      pool::deallocate(block);
    };
    std::vector<std::thread> users;
    for (int thread = 0; thread < threads; ++thread) {
      users.emplace_back([&, thread] {
        std::mt19937 random(static_cast<unsigned>(thread));
        for (int i = 0; i < 30'000; ++i) {
          auto* const block = static_cast<unsigned char*>(pool::allocate());
          std::memset(block, 1 + i % 255, 240);
          if (unsigned char* const other = ring[random() % ring.size()].exchange(block)) drop(other);
          if (i % 10'000 == 0) pool::trim();
        }
      });
    }
    for (std::thread& user : users) user.join();
    for (auto& slot : ring) {
      if (unsigned char* const block = slot.load()) drop(block);
    }
    CHECK(spoilt.load() == 0);
    CHECK(pool::live() == 0);
  }
}
