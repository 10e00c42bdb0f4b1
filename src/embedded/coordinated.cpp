#include "embedded/coordinated.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "coherence/store_rules.hpp"

namespace tutti::embedded {

namespace {

std::string claim_key(const std::string& key) { return "tutti:claim:" + key; }
std::string beside_key(const std::string& key) { return "tutti:value:" + key; }

// Tells our own value from another program's inside one process, where it is not forged.
std::uint64_t digest_of(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

}  // namespace

Result<Fetched> Coordinated::fetch(const FetchRequest& request) {
    const std::string key = store_rules::key_of(request.address);
    const auto found = find(request.address);
    Fetched fetched;
    if (found) fetched.value = found->value;
    const Duration age_max = store_rules::rounded_down(request.age_max);
    if (found && found->value.fresh >= Duration::zero() && age_max > Duration::zero() &&
        found->value.age <= age_max) {
        return fetched;
    }
    const Claim claim = claim_of(key);
    if (claim.stands && claim.token != request.token && !request.take_over) {
        Label label = *values_.find(claim_key(key), now_)->label;
        label.waiting = true;
        values_.relabel(claim_key(key), label);
        fetched.claim = Fetched::Claim::theirs;
        fetched.claim_left = claim.left;
        return fetched;
    }
    // The same attempt may have asked its source when it asks again.
    const bool again = claim.stands && claim.token == request.token;
    const Sequence at = again ? claim.at : channel_.position().sequence;
    const auto claimed = put(claim_key(key), std::make_shared<const std::string>(request.token),
                             store_rules::rounded_up(request.claim_for),
                             {.era = era_, .waiting = claim.waiting, .claimed_at = at});
    if (claimed == Values::Put::full) return fail(values_.full("embedded fetch"));
    fetched.claim = Fetched::Claim::ours;
    return fetched;
}

bool Coordinated::may_fill(const ValueAddress& address, const LoadToken& token) const {
    const Claim claim = claim_of(store_rules::key_of(address));
    return claim.stands && claim.token == token;
}

Result<Filled> Coordinated::fill(FillRequest request) {
    const std::string key = store_rules::key_of(request.address);
    const Claim claim = claim_of(key);
    if (channel_.invalidated_since(claim.at, request.tags)) {
        end_claim(key, claim);
        return Filled::claim_lost;
    }
    const auto found = request.rank ? framed(request.address) : std::nullopt;
    if (found && found->rank && *found->rank > request.rank->value &&
        !request.rank->over_unreadable && found->value.fresh >= Duration::zero() &&
        found->value.age <= store_rules::rounded_down(request.rank->yields_after)) {
        end_claim(key, claim);
        return Filled::kept_better;
    }
    if (auto written = write(key, claim, std::move(request)); !written)
        return fail(written.error());
    end_claim(key, claim);
    return Filled::stored;
}

Result<void> Coordinated::write(const std::string& key, const Claim& claim, FillRequest request) {
    Label label{.era = era_,
                .fresh_for = store_rules::rounded_up(request.fresh_for),
                .kept_for = store_rules::kept_for(request)};
    auto bytes = std::make_shared<const std::string>(std::move(request.bytes));
    if (request.address.form == ValueAddress::Form::tagged) {
        label.claimed_at = claim.at;
        label.tags = std::move(request.tags);
    }
    if (request.address.form != ValueAddress::Form::raw) {
        if (request.rank) label.rank = request.rank->value;
        if (put(key, std::move(bytes), label.kept_for, label) != Values::Put::full) return {};
        return fail(values_.full("embedded fill"));
    }
    label.digest = digest_of(*bytes);
    const Store::PutOptions options{.ttl = label.kept_for};
    const auto nothing = std::make_shared<const std::string>();
    if (put(beside_key(key), nothing, label.kept_for, label) != Values::Put::full &&
        values_.put(key, std::move(bytes), options, now_) != Values::Put::full) {
        return {};
    }
    // The old value without what stands beside it would pass for a foreign one.
    values_.erase(key, now_);
    values_.erase(beside_key(key), now_);
    return fail(values_.full("embedded fill"));
}

bool Coordinated::release(const ValueAddress& address, const LoadToken& token) {
    const std::string key = store_rules::key_of(address);
    const Claim claim = claim_of(key);
    if (!claim.stands || claim.token != token) return false;
    end_claim(key, claim);
    return true;
}

void Coordinated::remove(const std::string& key) {
    end_claim(key, claim_of(key));
    values_.erase(key, now_);
    values_.erase(beside_key(key), now_);
}

std::optional<Coordinated::Found> Coordinated::find(const ValueAddress& address) const {
    const std::string key = store_rules::key_of(address);
    return address.form == ValueAddress::Form::raw ? raw(key, address) : framed(address);
}

// Of a cache that carries tags what carries none was stored by an instance that knows of none, and
// the other way round.
std::optional<Coordinated::Found> Coordinated::framed(const ValueAddress& address) const {
    const Values::Value* const value = values_.find(store_rules::key_of(address), now_);
    if (value == nullptr || !value->label || !current(value->label->era)) return std::nullopt;
    const auto& tags = value->label->tags;
    if (tags.has_value() != (address.form == ValueAddress::Form::tagged)) return std::nullopt;
    if (tags && channel_.invalidated_since(value->label->claimed_at, *tags)) return std::nullopt;
    return aged(*value, value->bytes);
}

// Our own value of another epoch is absent, also where foreign programs may write.
std::optional<Coordinated::Found> Coordinated::raw(const std::string& key,
                                                   const ValueAddress& address) const {
    const Values::Value* const value = values_.find(key, now_);
    if (value == nullptr) return std::nullopt;
    const Values::Value* const beside = values_.find(beside_key(key), now_);
    if (beside != nullptr && beside->label && beside->label->digest == digest_of(*value->bytes)) {
        if (!current(beside->label->era)) return std::nullopt;
        return aged(*beside, value->bytes);
    }
    if (!address.foreign_writers) return std::nullopt;
    const Duration left = value->expires == never ? store_rules::longest : value->expires - now_;
    return Found{.value = {.bytes = *value->bytes,
                           .age = Duration::zero(),
                           .fresh = std::min<Duration>(left, store_rules::longest)},
                 .rank = std::nullopt};
}

Coordinated::Found Coordinated::aged(const Values::Value& beside,
                                     const Values::Bytes& bytes) const {
    const Label& label = *beside.label;
    const Duration age = std::max(label.kept_for - (beside.expires - now_), Duration::zero());
    return {.value = {.bytes = *bytes,
                      .age = age,
                      .fresh = label.fresh_for - age,
                      .tags = label.tags.value_or(std::vector<std::string>())},
            .rank = label.rank};
}

bool Coordinated::current(const Era& era) const { return era == era_; }

Coordinated::Claim Coordinated::claim_of(const std::string& key) const {
    const Values::Value* const value = values_.find(claim_key(key), now_);
    if (value == nullptr || !value->label) return {};
    return {.stands = current(value->label->era),
            .waiting = value->label->waiting,
            .token = *value->bytes,
            .left = value->expires - now_,
            .at = value->label->claimed_at};
}

void Coordinated::end_claim(const std::string& key, const Claim& claim) {
    values_.erase(claim_key(key), now_);
    if (claim.waiting) woken_.push_back(key);
}

Values::Put Coordinated::put(const std::string& key, Values::Bytes bytes, Duration life,
                             const Label& label) {
    return values_.put(key, std::move(bytes), {.ttl = life}, now_, label);
}

}  // namespace tutti::embedded
