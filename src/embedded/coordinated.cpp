#include "embedded/coordinated.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "base/rules.hpp"
#include "coherence/store_rules.hpp"

namespace tutti::embedded {

namespace {

std::string claim_key(const std::string& key) { return "tutti:claim:" + key; }
std::string beside_key(const std::string& key) { return "tutti:value:" + key; }

// Tells our own value from another program's inside one process, where it is not forged.
std::uint64_t digest_of(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

constexpr TimePoint never = TimePoint::max();

}  // namespace

Result<Fetched> Coordinated::fetch(const FetchRequest& request) {
    const std::string key = store_rules::key_of(request.place);
    const auto found = find(request.place);
    Fetched fetched;
    if (found) fetched.value = found->value;
    const Duration age_max = store_rules::rounded_down(request.age_max);
    if (found && found->value.fresh >= Duration::zero() && age_max > Duration::zero() &&
        found->value.age <= age_max) {
        return fetched;
    }
    const Claim claim = claim_of(key);
    if (claim.stands && claim.token != request.token && !request.take_over &&
        kept(Rule::one_claim_in_the_fleet)) {
        Label label = *values_.find(claim_key(key), now_)->label;
        label.waiting = true;
        values_.relabel(claim_key(key), label);
        fetched.claim = Fetched::Claim::theirs;
        fetched.claim_left = claim.left;
        return fetched;
    }
    const auto claimed =
        put(claim_key(key), std::make_shared<const std::string>(request.token),
            store_rules::rounded_up(request.claim_for), {.tag = tag_, .waiting = claim.waiting});
    if (claimed == Values::Put::full) return fail(values_.full("embedded fetch"));
    fetched.claim = Fetched::Claim::ours;
    return fetched;
}

bool Coordinated::may_fill(const Place& place, const LoadToken& token) const {
    if (!kept(Rule::fill_needs_claim)) return true;
    const Claim claim = claim_of(store_rules::key_of(place));
    return claim.stands && claim.token == token;
}

Result<Filled> Coordinated::fill(FillRequest request) {
    const std::string key = store_rules::key_of(request.place);
    const Claim claim = claim_of(key);
    const auto found = request.rank ? framed(key) : std::nullopt;
    if (found && found->rank && *found->rank > request.rank->value &&
        !request.rank->over_unreadable && found->value.fresh >= Duration::zero() &&
        found->value.age <= store_rules::rounded_down(request.rank->yields_after)) {
        end_claim(key, claim);
        return Filled::kept_better;
    }
    if (auto written = write(key, std::move(request)); !written) return fail(written.error());
    end_claim(key, claim);
    return Filled::stored;
}

Result<void> Coordinated::write(const std::string& key, FillRequest request) {
    Label label{.tag = tag_,
                .fresh_for = store_rules::rounded_up(request.fresh_for),
                .kept_for = store_rules::kept_for(request)};
    auto bytes = std::make_shared<const std::string>(std::move(request.bytes));
    if (request.place.form == Place::Form::framed) {
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

bool Coordinated::release(const Place& place, const LoadToken& token) {
    const std::string key = store_rules::key_of(place);
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

std::optional<Coordinated::Found> Coordinated::find(const Place& place) const {
    const std::string key = store_rules::key_of(place);
    return place.form == Place::Form::raw ? raw(key, place) : framed(key);
}

std::optional<Coordinated::Found> Coordinated::framed(const std::string& key) const {
    const Values::Value* const value = values_.find(key, now_);
    if (value == nullptr || !value->label || !current(value->label->tag)) return std::nullopt;
    return aged(*value, value->bytes);
}

// Our own value of another epoch is absent, also where foreign programs may write.
std::optional<Coordinated::Found> Coordinated::raw(const std::string& key,
                                                   const Place& place) const {
    const Values::Value* const value = values_.find(key, now_);
    if (value == nullptr) return std::nullopt;
    const Values::Value* const beside = values_.find(beside_key(key), now_);
    if (beside != nullptr && beside->label && beside->label->digest == digest_of(*value->bytes)) {
        if (!current(beside->label->tag)) return std::nullopt;
        return aged(*beside, value->bytes);
    }
    if (!place.foreign_writers) return std::nullopt;
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
    return {.value = {.bytes = *bytes, .age = age, .fresh = label.fresh_for - age},
            .rank = label.rank};
}

bool Coordinated::current(const Tag& tag) const {
    return tag == tag_ || !kept(Rule::store_checks_epoch);
}

Coordinated::Claim Coordinated::claim_of(const std::string& key) const {
    const Values::Value* const value = values_.find(claim_key(key), now_);
    if (value == nullptr || !value->label) return {};
    return {.stands = current(value->label->tag),
            .waiting = value->label->waiting,
            .token = *value->bytes,
            .left = value->expires - now_};
}

void Coordinated::end_claim(const std::string& key, const Claim& claim) {
    values_.erase(claim_key(key), now_);
    if (claim.waiting && kept(Rule::ended_claim_wakes)) woken_.push_back(key);
}

Values::Put Coordinated::put(const std::string& key, Values::Bytes bytes, Duration life,
                             const Label& label) {
    return values_.put(key, std::move(bytes), {.ttl = life}, now_, label);
}

}  // namespace tutti::embedded
