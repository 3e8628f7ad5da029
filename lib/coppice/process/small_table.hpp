#pragma once

// Private to lib/coppice: pulls in Boost.Unordered.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include <coppice/process/object_room.hpp>

namespace coppice::detail {

/// A map that mostly has an entry or two. They lie side by side, in no order; as long as they are few they are
/// searched, and an index is kept of many: so no operation ever takes longer than a few steps.
///
/// Pointers to entries are good until the next change.
template <class Key, class Value>
class small_table {
 public:
  struct entry {
    Key first;
    Value second;
  };

  const entry* begin() const noexcept { return entries_.data(); }
  const entry* end() const noexcept { return entries_.data() + entries_.size(); }
  std::size_t size() const noexcept { return entries_.size(); }

  entry* find(Key key) noexcept {
    if (index_ != nullptr) {
      const auto found = index_->find(key);
      return found != index_->end() ? &entries_[found->second] : nullptr;
    }
    for (entry& each : entries_) {
      if (each.first == key) return &each;
    }
    return nullptr;
  }

  /// True: it is new.
  bool insert_or_assign(Key key, Value value) {
    if (entry* const present = find(key)) {
      present->second = std::move(value);
      return false;
    }
    insert(key, std::move(value));
    return true;
  }

  /// Of a key that is not there.
  void insert(Key key, Value value) {
    entries_.push_back({key, std::move(value)});
    try {
      if (index_ != nullptr) {
        index_->emplace(key, static_cast<std::uint32_t>(entries_.size() - 1));
      } else if (entries_.size() > few) {
        make_index();
      }
    } catch (...) {
      entries_.pop_back();
      throw;
    }
  }

  void erase(entry* gone) noexcept {
    entry& last = entries_.back();
    if (index_ != nullptr) {
      index_->erase(gone->first);
      if (gone != &last) index_->find(last.first)->second = static_cast<std::uint32_t>(gone - entries_.data());
    }
    if (gone != &last) *gone = std::move(last);
    entries_.pop_back();
    if (entries_.empty()) index_.reset();
  }

  /// True: it was there.
  bool erase(Key key) noexcept {
    entry* const found = find(key);
    if (found == nullptr) return false;
    erase(found);
    return true;
  }

  template <class Condition>
  std::size_t erase_if(Condition condition) noexcept {
    const std::size_t before = size();
    for (std::size_t i = size(); i-- > 0;) {
      if (condition(entries_[i])) erase(&entries_[i]);
    }
    return before - size();
  }

  std::size_t bytes() const noexcept {
    return entries_.capacity() * sizeof(entry) +
           (index_ != nullptr ? sizeof(index) + index_->bucket_count() * sizeof(typename index::value_type) : 0);
  }

 private:
  using index = boost::unordered_flat_map<Key, std::uint32_t, std::hash<Key>>;

  static constexpr std::size_t few = 8;

  void make_index() {
    auto made = std::make_unique<index>();
    for (std::size_t i = 0; i < entries_.size(); ++i) made->emplace(entries_[i].first, static_cast<std::uint32_t>(i));
    index_ = std::move(made);
  }

  std::vector<entry, object_allocator<entry>> entries_;
  std::unique_ptr<index> index_;
};

}  // namespace coppice::detail
