// At most one notice per user and hour, on this instance.
#include <chrono>
#include <iostream>
#include <string>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

int main() {
    const auto node = tutti::Node::create({.name = "bot-1"}).value();
    const auto notices = node->cooldown<std::string>({
        .name = "notices",
        .caches = "when a user was last notified",
        .period = 1h,
        .bound = tutti::entries(10'000),
    });
    if (const auto started = node->start(); !started) {
        std::cerr << started.error().message() << '\n';
        return 1;
    }

    const auto notify = [&](const std::string& user) {
        const bool allowed = notices.try_claim(user);
        std::cout << user << ": " << (allowed ? "notified" : "was notified before") << '\n';
        return allowed;
    };
    const bool as_told = notify("alice") && !notify("alice") && notify("bob");
    return as_told ? 0 : 1;
}
