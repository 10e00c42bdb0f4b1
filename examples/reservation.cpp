// A request that arrives twice, at two instances, is handled once.
#include <iostream>
#include <string>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

int main() {
    const auto hub = tutti::EmbeddedHub::create();  // with .redis = "redis://..." : two processes
    const auto instance = [&](const std::string& name) {
        return tutti::Node::create({.name = name, .embedded = hub}).value();
    };
    const auto declare = [](tutti::Node& node) {
        return node.reservation<std::string>({
            .name = "request-dedup",
            .caches = "hashes of requests",
            .window = 5s,
            .when_store_fails = tutti::WhenStoreFails::refuse,
        });
    };
    const auto one = instance("gateway-1");
    const auto two = instance("gateway-2");
    const auto requests_of_one = declare(*one);
    const auto requests_of_two = declare(*two);
    if (!one->start() || !two->start()) return 1;

    const auto first = requests_of_one.reserve("anna: hello", "job-1").value();
    std::cout << "gateway-1: " << (first.granted() ? "does job-1" : "refuses") << '\n';
    const auto second = requests_of_two.reserve("anna: hello", "job-2").value();
    std::cout << "gateway-2: already " << *second.held() << '\n';

    // The job could not be queued: free for the next attempt, and only for that.
    const bool released = requests_of_one.release(first).value();
    const auto third = requests_of_two.reserve("anna: hello", "job-3").value();
    const bool released_again = requests_of_one.release(first).value();
    std::cout << "gateway-2: " << (third.granted() ? "does job-3" : "refuses") << '\n';
    return released && third.granted() && !released_again ? 0 : 1;
}
