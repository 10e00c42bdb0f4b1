// Hears what a subscriber that knows nothing of Tutti hears on the five channels, byte for byte.
#pragma once

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/plain_watch.hpp"
#include "support/redis_server.hpp"

namespace tutti::services::testing {

class EventWatch {
public:
    explicit EventWatch(tests::RedisServer& redis) : redis_(redis) {
        for (const char* channel : channels) watches_.emplace_back(redis.port(), channel);
    }

    // Everything that was published since the last call, as "<channel without cache:> <payload>",
    // by channel: an own message marks the end, so nothing is missed and nothing is waited for.
    std::vector<std::string> take() {
        std::vector<std::string> heard;
        for (std::size_t i = 0; i < channels.size(); ++i) {
            redis_.command({"PUBLISH", channels[i], std::string(end)});
            read_until_end(channels[i], watches_[i], heard);
        }
        return heard;
    }

private:
    static constexpr std::string_view end = "the end";
    static constexpr std::array<const char*, 5> channels{
        "cache:invalidation", "cache:channel-activation-invalidation", "cache:api-key-invalidation",
        "cache:llm-config-invalidation", "cache:persona-invalidation"};

    static void read_until_end(std::string_view channel, tests::PlainWatch& watch,
                               std::vector<std::string>& heard) {
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        while (std::chrono::steady_clock::now() < give_up) {
            bool ended = false;
            for (std::string& payload : watch.take()) {  // what came behind the end counts too
                ended |= payload == end;
                if (payload == end) continue;
                heard.push_back(std::string(channel.substr(channel.find(':') + 1)) + ' ' + payload);
            }
            if (ended) return;
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
        throw std::runtime_error("a subscriber heard nothing");
    }

    tests::RedisServer& redis_;
    std::vector<tests::PlainWatch> watches_;
};

}  // namespace tutti::services::testing
