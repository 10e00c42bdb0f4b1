// A list that may be a minute old: one load for however many readers, and the last known one while
// the source is down.
#include <iostream>
#include <string>
#include <vector>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

int main() {
    using Names = std::vector<std::string>;
    int asked = 0;
    bool down = false;

    const auto node = tutti::Node::create({.name = "bot-1"}).value();
    const auto lists = node->local<std::string, Names>({
        .name = "autocomplete",
        .caches = "personalities of a user",
        .stale = tutti::Stale::acceptable,
        .ttl = 1ms,
        .bound = tutti::entries(500),
        .load = [&](const std::string& user, tutti::LoadContext&) -> tutti::Result<Names> {
            ++asked;
            if (down) return tutti::fail(tutti::Errc::unavailable, "gateway", "is restarting");
            return Names{user + "'s pirate", user + "'s poet"};
        },
        .stale_if_error = tutti::StaleIfError{.for_up_to = 10min},
    });
    if (!node->start()) return 1;

    std::cout << "first:    " << lists.get("anna")->value().front() << '\n';

    // Much later (the TTL here is 1 ms), and the gateway is restarting.
    down = true;
    auto later = lists.get("anna");
    while (later->freshness() != tutti::Freshness::stale) later = lists.get("anna");
    std::cout << "later:    " << later->value().front() << " (" << later->degraded() << ")\n";

    lists.forget("anna");  // on this instance; nothing brings it back now
    const auto forgotten = lists.get("anna");
    std::cout << "forgotten: " << forgotten.error().message() << '\n';
    return asked >= 3 && !forgotten ? 0 : 1;
}
