// A stranger's first program: main is a process, another answers it. Built against the installed library.

#include <cstdio>
#include <string>

#include <coppice/coppice.hpp>

#include "tree.hpp"

struct ping {
  coppice::pid from;
};

int main() {
  show_faults_of_missing_tree();
  return coppice::run([] {
    const auto echo = coppice::spawn(
        [] { coppice::receive([](ping message) { coppice::send(message.from, std::string("pong")); }); });
    coppice::send(echo, ping{coppice::self()});
    coppice::receive([](const std::string& answer) { std::puts(answer.c_str()); });
  });
}
