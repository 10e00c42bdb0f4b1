// An expensive answer is fetched once for the whole fleet, and an old one cannot be put back.
#include <atomic>
#include <iostream>
#include <string>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

int main() {
    std::atomic<int> paid = 0;  // calls of the provider

    const auto hub = tutti::EmbeddedHub::create();  // with .redis = "redis://..." : two processes
    const auto instance = [&](const std::string& name) {
        return tutti::Node::create({.name = name, .embedded = hub}).value();
    };
    const auto declare = [&](tutti::Node& node) {
        return node.shared<std::string, std::string>({
            .name = "descriptions",
            .caches = "image descriptions",
            .stale = tutti::Stale::acceptable,
            .expensive_source = true,
            .load = [&](const std::string& image,
                        tutti::LoadContext&) -> tutti::Result<tutti::Loaded<std::string>> {
                if (++paid > 2) return tutti::negative("rate_limit");
                return "a picture of " + image;
            },
            .store = tutti::StoreTier<std::string>{.ttl = 1h, .codec = tutti::bytes_codec()},
            .admit = [](const std::string& text) { return !text.empty(); },
            .negative = tutti::NegativeTtls{.ceiling = 1h, .categories = {{"rate_limit", 10min}}},
        });
    };

    const auto one = instance("worker-1");
    const auto two = instance("worker-2");
    const auto descriptions_of_one = declare(*one);
    const auto descriptions_of_two = declare(*two);
    if (!one->start() || !two->start()) return 1;

    std::cout << "worker-1: " << *descriptions_of_one.get("a cat").value() << '\n';
    std::cout << "worker-2: " << *descriptions_of_two.get("a cat").value() << ", " << paid
              << " call of the provider\n";

    const auto sent = descriptions_of_one.invalidate("a cat");
    std::cout << "worker-1 invalidates: " << to_string(sent.outcome) << '\n';
    std::cout << "worker-2: " << *descriptions_of_two.get("a cat").value() << ", " << paid
              << " calls\n";

    // A failure that lasts is remembered, for all readers.
    const auto refused = descriptions_of_one.get("a dog");
    const auto again = descriptions_of_two.get("a dog");
    std::cout << "worker-2: no answer because of " << again->category() << ", " << paid
              << " calls\n";
    return paid == 3 && refused->answer() == tutti::Answer::negative ? 0 : 1;
}
