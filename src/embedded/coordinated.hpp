// What the scripts of the Redis store do, on `Values`: one operation of one channel, at one moment.
// The names of the parts are those in Redis, so that each can be lost alone: a claim is at
// `tutti:claim:<key>`, and what belongs to a raw value at `tutti:value:<key>`.
//
// Thread-safety: none; the server's mutex.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "embedded/server_channel.hpp"
#include "embedded/values.hpp"
#include "tutti/error.hpp"
#include "tutti/store.hpp"

namespace tutti::embedded {

class Coordinated {
public:
    // channel: checked; lives as long as this.
    Coordinated(Values& values, ServerChannel& channel, TimePoint now)
        : values_(values), channel_(channel), era_(channel.era()), now_(now) {}

    // Errors of these: Errc::overloaded, when the store is full; nothing new is in it then.
    Result<Fetched> fetch(const FetchRequest& request);
    // Requires: `may_fill`.
    Result<Filled> fill(FillRequest request);
    [[nodiscard]] bool may_fill(const ValueAddress& address, const LoadToken& token) const;
    bool release(const ValueAddress& address, const LoadToken& token);
    void remove(const std::string& key);

    // The keys whose claims have ended while a load waited.
    [[nodiscard]] const std::vector<std::string>& woken() const { return woken_; }

private:
    struct Found {
        StoredValue value;
        std::optional<std::int64_t> rank;
    };
    struct Claim {
        bool stands = false;
        bool waiting = false;  // whatever it belongs to: who waited for it wants to know
        LoadToken token;
        Duration left{};
        Sequence at = 0;  // the channel's when it was given
    };

    [[nodiscard]] std::optional<Found> find(const ValueAddress& address) const;
    [[nodiscard]] std::optional<Found> framed(const ValueAddress& address) const;
    [[nodiscard]] std::optional<Found> raw(const std::string& key,
                                           const ValueAddress& address) const;
    [[nodiscard]] Found aged(const Values::Value& beside, const Values::Bytes& bytes) const;
    [[nodiscard]] bool current(const Era& era) const;
    [[nodiscard]] Claim claim_of(const std::string& key) const;
    void end_claim(const std::string& key, const Claim& claim);
    Values::Put put(const std::string& key, Values::Bytes bytes, Duration life, const Label& label);
    Result<void> write(const std::string& key, const Claim& claim, FillRequest request);

    Values& values_;
    ServerChannel& channel_;
    const Era era_;
    const TimePoint now_;
    std::vector<std::string> woken_;
};

}  // namespace tutti::embedded
