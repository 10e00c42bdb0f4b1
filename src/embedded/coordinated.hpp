// What the scripts of the Redis store do, on `Values`: one operation of one channel, at one moment.
// The names of the parts are those in Redis, so that each can be lost alone: a claim is at
// `tutti:claim:<key>`, and what belongs to a raw value at `tutti:value:<key>`.
//
// Thread-safety: none; the server's mutex.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "embedded/values.hpp"
#include "tutti/error.hpp"
#include "tutti/store.hpp"

namespace tutti::embedded {

class Coordinated {
public:
    // `tag`: what the channel has now.
    Coordinated(Values& values, Tag tag, TimePoint now) : values_(values), tag_(tag), now_(now) {}

    // Errors of these: Errc::overloaded, when the store is full; nothing new is in it then.
    Result<Fetched> fetch(const FetchRequest& request);
    // Requires: `may_fill`.
    Result<Filled> fill(FillRequest request);
    [[nodiscard]] bool may_fill(const Place& place, const LoadToken& token) const;
    bool release(const Place& place, const LoadToken& token);
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
    };

    [[nodiscard]] std::optional<Found> find(const Place& place) const;
    [[nodiscard]] std::optional<Found> framed(const std::string& key) const;
    [[nodiscard]] std::optional<Found> raw(const std::string& key, const Place& place) const;
    [[nodiscard]] Found aged(const Values::Value& beside, const Values::Bytes& bytes) const;
    [[nodiscard]] bool current(const Tag& tag) const;
    [[nodiscard]] Claim claim_of(const std::string& key) const;
    void end_claim(const std::string& key, const Claim& claim);
    Values::Put put(const std::string& key, Values::Bytes bytes, Duration life, const Label& label);
    Result<void> write(const std::string& key, FillRequest request);

    Values& values_;
    const Tag tag_;
    const TimePoint now_;
    std::vector<std::string> woken_;
};

}  // namespace tutti::embedded
