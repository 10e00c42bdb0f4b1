// One adapter of two that are driven alike. Answers and pushes become text that is equal on both
// sides: epochs and chains are named in the order in which they are first seen, times are whole
// minutes.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/contract_fixture.hpp"

namespace tutti::contract {

// One operation, or one incident, with everything that it may need.
struct Step {
    enum class Kind : unsigned char {
        get,
        put,
        erase,
        erase_if_equal,
        replace_if_equal,
        count,
        fetch,
        fill,
        release,
        drop,
        publish,
        renew,
        replay,
        leave,
        acknowledge,
        laggards,
        reap,
        publish_plain,
        age,
        age_members,
        lose_log,
        lose_tags,
        trim_log,
        lose_members,
        lose_state,
        lose_everything,
        restart_empty,
        restart_from_copy,
    };
    enum class Applied : unsigned char { nothing, last_seen, beyond, other_epoch };

    Kind kind{};
    std::string key;  // of a plain operation; else that of `address`
    std::string bytes;
    std::string other;  // bytes
    Ttl ttl = Ttl::never();
    Store::Condition condition = Store::Condition::always;
    ValueAddress address;
    std::vector<std::string> further;  // keys that are fetched or filled in the same call
    LoadToken token;
    Duration claim_for{};
    Duration age_max{};
    bool take_over = false;
    bool offers = false;  // takes the claim over before it fills
    Duration fresh_for{};
    Duration keep_for{};
    std::optional<Rank> rank;
    std::vector<std::string> tags;  // of what is filled
    KeySet changed;
    std::vector<std::string> plain_events;
    bool acknowledge = false;
    std::string member;
    Applied applied{};
    Duration lease{};
    Sequence first = 0;
    Sequence last = 0;
};

[[nodiscard]] std::string to_text(const Step& step);

class Side {
public:
    explicit Side(std::unique_ptr<ContractWorld> world);

    // What came back, and what was pushed meanwhile.
    std::string run(const Step& step);

private:
    std::string operate(const Step& step);
    std::string operate_on_store(const Step& step);
    std::string fetch_all(const Step& step);
    std::string fill_all(const Step& step);
    // Of each key of the step: `begin` is given the store, the parts and their deadline.
    template <class T, class F>
    std::string for_all(const Step& step, F begin);
    std::string operate_on_bus(const Step& step);
    bool happen(const Step& step);
    void wait_for_the_restart();
    std::string take_heard();

    template <class T, class F>
    Result<T> ask(F begin);
    std::string text(const Error& error) const;
    std::string text(const Result<bool>& answer) const;
    std::string text(const Result<Filled>& answer) const;
    std::string text(const Result<Fetched>& answer) const;
    std::string text(const BusPosition& position);
    std::string text(const BusEntry& entry);
    static std::string name(std::map<std::uint64_t, std::size_t>& names, std::uint64_t number);
    [[nodiscard]] BusPosition applied(const Step& step) const;

    Recorder recorder_;  // before the world, which may still call it
    std::unique_ptr<ContractWorld> world_;
    std::map<std::uint64_t, std::size_t> epochs_;
    std::map<std::uint64_t, std::size_t> chains_;
    std::map<std::string, BusPosition> seen_;  // by channel
    Heard heard_;                              // until the last step
};

}  // namespace tutti::contract
