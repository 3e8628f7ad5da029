#pragma once

#include <cstddef>
#include <vector>

#include <boost/describe/class.hpp>

#include <coppice/coppice.hpp>

/// A bank whose tellers are cut down: what must not be lost is money.
namespace bank {

struct total {
  using reply = int;
};
struct withdraw {
  using reply = bool;
  std::size_t from = 0;
  int amount = 0;
};
struct deposit {
  using reply = bool;
  std::size_t to = 0;
  int amount = 0;
};
/// Both in one.
struct transfer {
  using reply = bool;
  std::size_t from = 0;
  std::size_t to = 0;
  int amount = 0;
};
/// To a teller: do so.
struct move {
  std::size_t from = 0;
  std::size_t to = 0;
  int amount = 0;
};
BOOST_DESCRIBE_STRUCT(move, (), (from, to, amount))

struct vault_args {
  std::size_t accounts = 0;
  int each = 0;
};
BOOST_DESCRIBE_STRUCT(vault_args, (), (accounts, each))

/// Holds the money.
class vault : public coppice::server<vault, total, withdraw, deposit, transfer> {
 public:
  using args = vault_args;

  explicit vault(args given) : accounts_(given.accounts, given.each) {}

  int handle(total /*asked*/) const {
    int sum = 0;
    for (const int each : accounts_) sum += each;
    return sum;
  }
  bool handle(withdraw what) {
    accounts_.at(what.from) -= what.amount;
    return true;
  }
  bool handle(deposit what) {
    accounts_.at(what.to) += what.amount;
    return true;
  }
  bool handle(transfer what) {
    int& from = accounts_.at(what.from);
    accounts_.at(what.to) += what.amount;
    from -= what.amount;
    return true;
  }

 private:
  std::vector<int> accounts_;
};

/// Lets the vault do it in one step, which nobody can interrupt.
class careful_teller : public coppice::server<careful_teller, move> {
 public:
  void handle(move what) { coppice::call("vault", transfer{what.from, what.to, what.amount}); }
};

/// Takes the money out, and then puts it in. Between the two it may be cut down.
class careless_teller : public coppice::server<careless_teller, move> {
 public:
  void handle(move what) {
    coppice::call("vault", withdraw{what.from, what.amount});
    coppice::call("vault", deposit{what.to, what.amount});
  }
};

}  // namespace bank
