// The register of shards without a Redis: what exchange.lua does, on maps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bot-client/assignment/shard_register.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::simulation {

using services::bot::assignment::Exchange;
using services::bot::assignment::Register;

class PlayedRegister {
public:
    // What is kept; a server that restarts may have an older one.
    struct Data {
        int epoch = 0;  // zero: it is made with the next step
        std::uint32_t count = 0;
        std::map<std::uint32_t, std::string> records;
        std::map<std::string, std::string> beats;
    };

    Register exchange(const Exchange& step, services::process::UnixTime now) {
        if (data.epoch == 0) data.epoch = ++epochs_;
        if (step.server == server()) carry_out(step);
        return {.server = server(),
                .now = now,
                .count = data.count,
                .records = data.records,
                .beats = data.beats};
    }
    // Another process of the server.
    void restart(Data with) {
        ++process_;
        data = std::move(with);
    }

    Data data;

private:
    [[nodiscard]] std::string server() const {
        return "server" + std::to_string(process_) + '/' + std::to_string(data.epoch);
    }

    static std::uint64_t turn_of(const std::string& text) {
        const std::size_t space = text.find(' ');
        return space == std::string::npos ? 0
                                          : std::strtoull(text.c_str() + space + 1, nullptr, 10);
    }
    [[nodiscard]] bool is_as_expected(const Exchange::Write& write) const {
        const auto stored = data.records.find(write.shard);
        if (write.expected.empty()) return stored == data.records.end();
        if (stored == data.records.end()) return false;
        if (write.expected.ends_with(' ')) {
            return stored->second.starts_with(write.expected) &&
                   turn_of(stored->second) < turn_of(write.stamp);
        }
        return stored->second == write.expected;
    }
    void carry_out(const Exchange& step) {
        data.beats[step.member] = step.beat;
        if (step.beat.empty()) data.beats.erase(step.member);
        for (const auto& gone : step.forgotten) {
            const auto found = data.beats.find(gone.member);
            if (found != data.beats.end() && found->second == gone.beat) data.beats.erase(found);
        }
        if (data.count == 0) data.count = step.count;
        if (data.count != step.count) return;
        for (const auto& write : step.writes) {
            if (!is_as_expected(write)) continue;
            if (write.stamp.empty()) {
                data.records.erase(write.shard);
            } else {
                data.records[write.shard] = write.stamp + ' ' + server() + ' ' + write.content;
            }
        }
        if (step.recount != 0 && data.records.empty()) data.count = step.recount;
    }

    int process_ = 1;
    int epochs_ = 0;
};

}  // namespace tutti::simulation
