// The verbs of the tests about coordinated values. `a` and `b` are attempts to load.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract_fixture.hpp"

namespace tutti::contract {

using std::chrono::milliseconds;
using std::chrono::seconds;
using enum Fetched::Claim;
using enum Filled;
using Found = std::optional<std::string>;
using Words = std::vector<std::string>;

class CoordinatedContract : public Contract {
protected:
    static constexpr auto long_enough = seconds{60};

    static ValueAddress framed(const std::string& key = "key") {
        return {.channel = "c", .prefix = "p:", .key = key};
    }
    static ValueAddress raw(const std::string& key = "key") {
        return {.channel = "c", .prefix = "raw:", .key = key, .form = ValueAddress::Form::raw};
    }
    static ValueAddress foreign(const std::string& key = "key") {
        ValueAddress address = raw(key);
        address.foreign_writers = true;
        return address;
    }

    Result<Fetched> try_fetch(FetchRequest request) {
        return wait_for<Fetched>([&](auto done) {
            world().store(0).fetch(std::move(request), deadline(), std::move(done));
        });
    }
    Fetched fetch(FetchRequest request) {
        const auto fetched = try_fetch(std::move(request));
        EXPECT_TRUE(fetched) << (fetched ? "" : fetched.error().message());
        return fetched.value_or(Fetched{});
    }
    Fetched fetch(const ValueAddress& address, const LoadToken& token = "a") {
        return fetch({.address = address, .token = token, .claim_for = long_enough});
    }
    // What a cache would serve: the value when it is fresh, nothing when it would have to load.
    Found fresh(const ValueAddress& address) {
        Fetched fetched = fetch(address, "reader");
        if (fetched.claim == ours) release(address, "reader");
        if (fetched.claim != none) return std::nullopt;
        return std::move(fetched.value->bytes);
    }
    // What is there, fresh or not.
    static Found kept(const Fetched& fetched) {
        if (!fetched.value) return std::nullopt;
        return fetched.value->bytes;
    }

    Result<Filled> try_fill(FillRequest request) {
        return wait_for<Filled>([&](auto done) {
            world().store(0).fill(std::move(request), deadline(), std::move(done));
        });
    }
    std::optional<Filled> fill(FillRequest request) {
        const auto filled = try_fill(std::move(request));
        EXPECT_TRUE(filled) << (filled ? "" : filled.error().message());
        if (!filled) return std::nullopt;
        return *filled;
    }
    std::optional<Filled> fill(const ValueAddress& address, const LoadToken& token,
                               const std::string& bytes) {
        return fill({.address = address, .token = token, .bytes = bytes, .fresh_for = long_enough});
    }
    // As a node does that has come by the value otherwise: it takes the claim over first.
    std::optional<Filled> offer(FillRequest request) {
        request.token = "offer";
        const Fetched claimed = fetch({.address = request.address,
                                       .token = request.token,
                                       .claim_for = long_enough,
                                       .age_max = Duration::zero(),
                                       .take_over = true});
        EXPECT_EQ(claimed.claim, ours);
        return fill(std::move(request));
    }
    std::optional<Filled> offer(const ValueAddress& address, const std::string& bytes) {
        return offer({.address = address, .token = {}, .bytes = bytes, .fresh_for = long_enough});
    }
    bool release(const ValueAddress& address, const LoadToken& token) {
        const auto released = wait_for<bool>([&](auto done) {
            world().store(0).release(address, token, deadline(), std::move(done));
        });
        EXPECT_TRUE(released) << (released ? "" : released.error().message());
        return released.value_or(false);
    }
    Result<void> drop(const std::string& channel, Words keys) {
        return wait_for<void>([&](auto done) {
            world().store(0).drop(channel, std::move(keys), deadline(), std::move(done));
        });
    }
    Result<std::size_t> count(const std::string& prefix) {
        return wait_for<std::size_t>(
            [&](auto done) { world().store(0).count(prefix, deadline(), std::move(done)); });
    }
    Result<bool> replace_if_equal(const std::string& key, const std::string& expected,
                                  const std::string& value, Ttl ttl = Ttl::never()) {
        return wait_for<bool>([&](auto done) {
            world().store(0).replace_if_equal(key, expected, value, ttl, deadline(),
                                              std::move(done));
        });
    }
    bool hears(const Recorder& recorder, const Words& woken) {
        return world().run_until([&] { return recorder.heard().woken == woken; });
    }
};

}  // namespace tutti::contract
