// Two instances of a service, one cache: a change that one of them makes is seen by the other at
// once.
#include <iostream>
#include <map>
#include <string>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

int main() {
    std::map<std::string, std::string> database{{"general", "inactive"}};

    const auto hub = tutti::EmbeddedHub::create();  // with .redis = "redis://..." : two processes
    const auto instance = [&](const std::string& name) {
        return tutti::Node::create({.name = name, .embedded = hub}).value();
    };
    const auto declare = [&](tutti::Node& node) {
        return node.coherent<std::string, std::string>({
            .name = "channel-activation",
            .caches = "channel activation status",
            .stale = tutti::Stale::wrong,
            .ttl = 30s,
            .bound = tutti::entries(1000),
            .load = [&](const std::string& channel,
                        tutti::LoadContext&) { return database[channel]; },
            .channel = "cache:channel-activation-invalidation",
        });
    };

    const auto one = instance("bot-1");
    const auto two = instance("bot-2");
    const auto activations_of_one = declare(*one);
    const auto activations_of_two = declare(*two);
    if (!one->start() || !two->start()) return 1;

    std::cout << "bot-2 reads:        " << *activations_of_two.get("general").value() << '\n';
    database["general"] = "active";
    const auto sent = activations_of_one.invalidate("general", {.ack = tutti::Ack::every_instance});
    std::cout << "bot-1 invalidates:  " << to_string(sent.outcome) << '\n';
    std::cout << "bot-2 reads:        " << *activations_of_two.get("general").value() << '\n';
    return *activations_of_two.get("general").value() == "active" ? 0 : 1;
}
