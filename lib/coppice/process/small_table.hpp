#pragma once

// Private to lib/coppice: pulls in Boost.Unordered.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include <coppice/process/large_table.hpp>
#include <coppice/process/object_room.hpp>

namespace coppice::detail {

/// A map that mostly has an entry or two. Few entries lie side by side and are searched; many are in a hash table. So
/// no operation ever takes longer than a few steps.
///
/// Pointers to values are good until the next change.
template <class Key, class Value, class Hash = std::hash<Key>>
class small_table : public pooled_object {
 public:
  std::size_t size() const noexcept { return many_ != nullptr ? many_->size() : few_.size(); }

  Value* find(Key key) noexcept {
    if (many_ != nullptr) {
      const auto found = many_->find(key);
      return found != many_->end() ? &found->second : nullptr;
    }
    for (auto& [each, value] : few_) {
      if (each == key) return &value;
    }
    return nullptr;
  }

  /// Whether so many go into a hash table.
  static constexpr bool are_many(std::size_t count) noexcept { return count > most_few; }

  void reserve(std::size_t count) {
    if (!are_many(count)) return;
    if (many_ == nullptr) become_many();
    many_->reserve(count);
  }

  /// True: it is new.
  bool insert_or_assign(Key key, Value value) {
    if (Value* const present = find(key)) {
      *present = std::move(value);
      return false;
    }
    insert(key, std::move(value));
    return true;
  }

  /// Of a key that is not there.
  void insert(Key key, Value value) {
    if (many_ == nullptr && few_.size() == most_few) become_many();
    if (many_ != nullptr) {
      many_->emplace(key, std::move(value));
    } else {
      few_.emplace_back(key, std::move(value));
    }
  }

  /// True: it was there.
  bool erase(Key key) noexcept {
    if (many_ != nullptr) {
      const bool was_there = many_->erase(key) != 0;
      shrink_if_sparse(*many_);
      return was_there;
    }
    for (auto& each : few_) {
      if (each.first != key) continue;
      if (&each != &few_.back()) each = std::move(few_.back());
      few_.pop_back();
      return true;
    }
    return false;
  }

  /// Calls `what(key, value)` for each entry, in no order.
  template <class Function>
  void for_each(Function what) const {
    if (many_ != nullptr) {
      for (const auto& [key, value] : *many_) what(key, value);
    } else {
      for (const auto& [key, value] : few_) what(key, value);
    }
  }

  /// The same in the order of their keys: what is sent to each must not depend on how a hash table is laid out, or a
  /// simulation would not repeat itself. The table must not change meanwhile.
  template <class Function>
  void for_each_in_order(Function what) const {
    if (size() == 1) {
      for_each(what);
      return;
    }
    std::vector<std::pair<Key, const Value*>> sorted;
    sorted.reserve(size());
    for_each([&sorted](Key key, const Value& value) { sorted.emplace_back(key, &value); });
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [key, value] : sorted) what(key, *value);
  }

  /// Takes those out for which `condition(key, value)` holds, and returns how many there were.
  template <class Condition>
  std::size_t erase_if(Condition condition) noexcept {
    const auto holds = [&condition](const auto& each) { return condition(each.first, each.second); };
    if (many_ == nullptr) return std::erase_if(few_, holds);
    const std::size_t erased = boost::unordered::erase_if(*many_, holds);
    shrink_if_sparse(*many_);
    return erased;
  }

  std::size_t bytes() const noexcept {
    return few_.capacity() * sizeof(entry) +
           (many_ != nullptr ? sizeof(table) + many_->bucket_count() * sizeof(typename table::value_type) : 0);
  }

 private:
  using entry = std::pair<Key, Value>;
  using table =
      boost::unordered_flat_map<Key, Value, Hash, std::equal_to<Key>, table_allocator<std::pair<const Key, Value>>>;

  static constexpr std::size_t most_few = 8;

  void become_many() {
    auto made = std::make_unique<table>();
    made->reserve(4 * most_few);
    for (auto& [key, value] : few_) made->emplace(key, std::move(value));
    decltype(few_){}.swap(few_);
    many_ = std::move(made);
  }

  std::vector<entry, object_allocator<entry>> few_;
  std::unique_ptr<table> many_;
};

}  // namespace coppice::detail
