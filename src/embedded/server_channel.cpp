#include "embedded/server_channel.hpp"

#include <algorithm>
#include <ranges>
#include <string_view>
#include <utility>

#include "coherence/longest_lease.hpp"
#include "coherence/wire.hpp"

namespace tutti::embedded {

namespace {

// FNV-1a. Chains of the embedded server are compared with each other only, and nothing forges
// them inside one process, so a cryptographic digest would buy nothing.
class Digest {
public:
    void add(std::uint64_t number) {
        for (int shift = 0; shift < 64; shift += 8) add_byte((number >> shift) & 0xff);
    }
    void add(std::string_view text) {
        add(text.size());
        for (const char c : text) add_byte(static_cast<unsigned char>(c));
    }
    [[nodiscard]] Chain chain() const { return Chain{hash_}; }

private:
    void add_byte(std::uint64_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3; }

    std::uint64_t hash_ = 0xcbf29ce484222325;
};

Chain initial_chain(Epoch epoch) {
    Digest digest;
    digest.add(std::to_underlying(epoch));
    return digest.chain();
}

// `candidate` is fresh in each call, so that a server which goes back, and is told the same once
// more at the same place, gives it another chain.
Chain next_chain(Chain previous, Sequence sequence, const KeySet& changed,
                 std::uint64_t candidate) {
    Digest digest;
    digest.add(candidate);
    digest.add(std::to_underlying(previous));
    digest.add(sequence);
    digest.add(changed.all ? 1U : 0U);
    for (const std::string& key : changed.keys) digest.add(key);
    digest.add(changed.tags.size());
    for (const std::string& tag : changed.tags) digest.add(tag);
    return digest.chain();
}

Epoch random_epoch(Random& random) {
    std::uint64_t drawn = random();
    while (Epoch{drawn} == Epoch::none) drawn = random();
    return Epoch{drawn};
}

}  // namespace

void ServerChannel::check(Identity identity, Random& random) {
    const bool intact =
        state_ && state_->identity == identity && state_->member_count == members_.size();
    if (!intact) rotate(identity, random);
}

void ServerChannel::rotate(Identity identity, Random& random) {
    const Epoch epoch = random_epoch(random);
    Leases leases;
    if (state_) leases = std::move(state_->leases);
    lose_log();
    members_.clear();
    tags_ = {};
    state_ = State{.identity = identity,
                   .position = {.epoch = epoch, .sequence = 0, .chain = initial_chain(epoch)},
                   .prefixes = {},
                   .leases = std::move(leases)};
}

bool ServerChannel::remember(const std::string& prefix) {
    std::vector<std::string>& known = state_->prefixes;
    if (std::ranges::find(known, prefix) != known.end()) return true;
    if (known.size() >= ValueAddress::prefixes_max) return false;
    known.push_back(prefix);
    return true;
}

// What was lost may have been invalidated until now.
void ServerChannel::check_tags() {
    if (tags_.last == state_->last_tag) return;
    tags_ = {};
    state_->last_tag = 0;
    state_->tags_floor = position().sequence;
}

void ServerChannel::invalidate_tags(const std::vector<std::string>& tags) {
    if (tags.empty()) return;
    check_tags();
    const Sequence version = position().sequence + 1;
    for (const std::string& tag : tags) tags_.versions[tag] = version;
    if (tags_.versions.size() > tags_max) {
        tags_.versions.clear();
        state_->tags_floor = version;
    }
    tags_.last = state_->last_tag = version;
}

bool ServerChannel::invalidated_since(Sequence since, const std::vector<std::string>& tags) {
    if (tags.empty()) return false;
    check_tags();
    const auto is_newer = [&](const std::string& tag) {
        const auto found = tags_.versions.find(tag);
        return found != tags_.versions.end() && found->second > since;
    };
    return state_->tags_floor > since || std::ranges::any_of(tags, is_newer);
}

ServerChannel::Entry ServerChannel::append(KeySet changed, Random& random) {
    if (changed.all) changed = KeySet::everything();
    BusPosition& position = state_->position;
    const Chain previous = position.chain;
    ++position.sequence;
    position.chain = next_chain(previous, position.sequence, changed, random());
    log_bytes_ += wire::encoded_bytes(changed);
    log_.push_back(std::make_shared<const BusEntry>(
        BusEntry{.position = position, .previous = previous, .changed = std::move(changed)}));
    trim_log(log_entries_max);
    while (log_bytes_ > log_bytes_max) trim_log(log_.size() - 1);
    return log_.back();
}

void ServerChannel::renew(const RenewRequest& request, TimePoint now) {
    advance(now);
    auto [place, added] = members_.try_emplace(request.member);
    if (added) ++state_->member_count;
    place->second.renewal = ++state_->renewals;
    raise(place->second, request.applied);
    Leases& leases = state_->leases;
    Held& held = leases.held[request.member];
    held.lease = std::max(held.lease, request.lease);
    held.lapses = leases.now + lease_life(held.lease) + lapse_margin;
    leases.due = std::min(leases.due, held.lapses);
    leases.longest = std::max(leases.longest, held.lease);
    if (leases.now > leases.due) forget_lapsed();
}

void ServerChannel::leave(const std::string& member, TimePoint now) {
    advance(now);
    forget(member);
    forget_lapsed();
}

// A position of another epoch says nothing about this one; one beyond the log comes from a history
// that this server has lost, and would acknowledge what has not been published yet.
void ServerChannel::raise(Member& member, const BusPosition& applied) const {
    if (applied.epoch != position().epoch) return;
    if (applied.sequence > position().sequence) return;
    member.applied = std::max(member.applied, applied.sequence);
}

void ServerChannel::acknowledge(const std::string& member, const BusPosition& applied) {
    const auto place = members_.find(member);
    if (state_ && place != members_.end()) raise(place->second, applied);
}

void ServerChannel::reap(std::uint64_t renewals, TimePoint now) {
    advance(now);
    std::vector<std::string> silent;
    for (const auto& [name, member] : members_) {
        if (member.renewal <= renewals) silent.push_back(name);
    }
    for (const std::string& name : silent) forget(name);
    forget_lapsed();
}

std::optional<Sequence> ServerChannel::low_water() const {
    if (members_.empty()) return std::nullopt;
    const auto applied = [](const auto& member) { return member.second.applied; };
    return std::ranges::min(members_ | std::views::transform(applied));
}

void ServerChannel::forget(const std::string& member) {
    state_->member_count -= members_.erase(member);
    state_->leases.held.erase(member);
}

void ServerChannel::advance(TimePoint now) {
    Leases& leases = state_->leases;
    leases.now += std::clamp(now - leases.seen, Duration::zero(), clock_step_max);
    leases.seen = now;
}

void ServerChannel::forget_lapsed() {
    Leases& leases = state_->leases;
    std::erase_if(leases.held, [&](const auto& one) {
        const bool lapsed = leases.now > one.second.lapses;
        if (lapsed) state_->member_count -= members_.erase(one.first);
        return lapsed;
    });
    leases.due = Duration::max();
    leases.longest = Duration::zero();
    for (const auto& [member, held] : leases.held) {
        leases.due = std::min(leases.due, held.lapses);
        leases.longest = std::max(leases.longest, held.lease);
    }
}

std::vector<ServerChannel::Entry> ServerChannel::range(Sequence first, Sequence last) const {
    const auto before = [](const Entry& entry, Sequence sequence) {
        return entry->position.sequence < sequence;
    };
    const auto begin = std::lower_bound(log_.begin(), log_.end(), first, before);
    std::vector<Entry> entries;
    for (auto it = begin; it != log_.end() && (*it)->position.sequence <= last; ++it) {
        entries.push_back(*it);
    }
    return entries;
}

void ServerChannel::lose_log() {
    log_.clear();
    log_bytes_ = 0;
}

void ServerChannel::trim_log(std::size_t entries) {
    while (log_.size() > entries) {
        log_bytes_ -= wire::encoded_bytes(log_.front()->changed);
        log_.pop_front();
    }
}

}  // namespace tutti::embedded
