// A loader that needs another cache. It must not wait for it: its thread is one that the other
// cache may need. So it is the asynchronous kind, and answers when the other cache has.
#include <chrono>
#include <iostream>
#include <string>
#include <utility>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

int main() {
    const auto node = tutti::Node::create({.name = "composed"}).value();
    const auto names = node->coherent<int, std::string>({
        .name = "names",
        .caches = "names of users",
        .stale = tutti::Stale::wrong,
        .ttl = 60s,
        .bound = tutti::entries(1000),
        .load = [](int id, tutti::LoadContext&) { return "user " + std::to_string(id); },
        .channel = "users",
    });
    const auto greetings = node->coherent<int, std::string>({
        .name = "greetings",
        .caches = "greetings of users, made of their names",
        .stale = tutti::Stale::wrong,
        .ttl = 60s,
        .bound = tutti::entries(1000),
        .load =
            [names](int id, const tutti::LoadContext& context,
                    tutti::Completion<tutti::Loaded<std::string>> done) {
                names.get(id, {.deadline = context.remaining()},
                          [done = std::move(done)](const auto& name) mutable {
                              if (!name) return done(tutti::fail(name.error()));
                              if (!name->found()) return done(tutti::absent);
                              done("hello " + name->value());
                          });
            },
        .channel = "users",  // of the same: when a user changes, both forget
    });
    if (!node->start()) return 1;

    const auto greeting = greetings.get(42);
    if (!greeting) return 1;
    std::cout << greeting->value() << '\n';
    return greeting->value() == "hello user 42" ? 0 : 1;
}
