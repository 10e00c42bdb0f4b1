// A step is one compare-and-write of many records. What the answer shows decides, never what was
// asked: a step without an answer may have been carried out, or be carried out later.
#include "bot-client/assignment/shard_leases.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string_view>
#include <system_error>
#include <utility>

namespace tutti::services::bot::assignment {
namespace {

using namespace std::chrono_literals;

// Members that are gone are removed from the register when this many leases have passed.
constexpr int forgotten_after = 3;

// A beat is "<turn> <wanted count>".
std::string beat_of(std::uint64_t turn, std::uint32_t wanted) {
    return std::to_string(turn) + ' ' + std::to_string(wanted);
}
std::uint32_t wanted_in(std::string_view beat) {
    std::uint32_t wanted = 0;
    const std::size_t space = beat.find(' ');
    if (space == std::string_view::npos) return 0;
    beat.remove_prefix(space + 1);
    const char* end = beat.data() + beat.size();
    const auto [stopped, error] = std::from_chars(beat.data(), end, wanted);
    return error == std::errc{} && stopped == end ? wanted : 0;
}

// Instances begin at different shards, so that they seldom claim the same.
std::size_t offset_of(std::string_view member) {
    return std::accumulate(
        member.begin(), member.end(), std::size_t{0},
        [](std::size_t sum, char c) { return sum * 31 + static_cast<unsigned char>(c); });
}

}  // namespace

ShardLeases::ShardLeases(Options options) : options_(std::move(options)) {}

// A taker's clock may run a tenth faster than the holder's.
Duration ShardLeases::unchanged_for(Duration lease) {
    return saturating_add(saturating_add(lease, lease / 10), margin);
}

Exchange ShardLeases::next(const Sessions& sessions, TimePoint now) {
    expire(now);
    return_surplus(now);
    asked_at_ = now;
    ++turn_;
    claimed_.clear();
    Exchange step{.server = server_,
                  .count = count_ > 0 ? count_ : options_.count,
                  .member = options_.member,
                  .beat = leaving_ ? std::string() : beat_of(turn_, options_.count)};
    if (server_.empty()) return step;
    add_forgotten(step, now);
    if (may_recount(now)) {
        add_recount(step);
        return step;
    }
    add_renewals(step, sessions);
    add_claims(step, now);
    return step;
}

void ShardLeases::write(Exchange& to, std::uint32_t shard, bool given_back,
                        const std::optional<SavedSession>& session) const {
    to.writes.push_back({.shard = shard,
                         .expected = expected_of(shard),
                         .stamp = record_stamp(options_.member, turn_),
                         .content = record_content(given_back, session)});
}

// What is there now, if it is another one's; any of this instance's own, because an earlier step
// may have been carried out without an answer.
std::string ShardLeases::expected_of(std::uint32_t shard) const {
    const auto record = record_of(shard);
    if (record && record->member == options_.member) return options_.member + ' ';
    const auto seen = seen_.find(shard);
    return seen == seen_.end() ? std::string() : seen->second.text;
}

void ShardLeases::add_renewals(Exchange& to, const Sessions& sessions) const {
    for (const auto& [shard, tenure] : held_) {
        const auto session = sessions.find(shard);
        write(to, shard, false, session == sessions.end() ? tenure.session : session->second);
    }
    for (const auto& [shard, session] : returned_) write(to, shard, true, session);
}

void ShardLeases::add_claims(Exchange& to, TimePoint now) {
    if (leaving_ || count_ == 0) return;
    const std::size_t share = own_share(living(now));
    const std::size_t offset = offset_of(options_.member);
    for (std::uint32_t i = 0; i < count_; ++i) {
        const auto shard = static_cast<std::uint32_t>((offset + i) % count_);
        if (held_.contains(shard) || returned_.contains(shard)) continue;
        const bool is_due = held_.size() + claimed_.size() < share;
        const Duration left_to_others = is_due ? Duration::zero() : patience(options_.lease);
        if (now < saturating_add(free_since(shard), left_to_others)) continue;
        const auto record = record_of(shard);
        const auto session = record ? fresh(record->session) : std::nullopt;
        claimed_.emplace(shard, session);
        write(to, shard, false, session);
    }
}

TimePoint ShardLeases::free_since(std::uint32_t shard) const {
    const auto seen = seen_.find(shard);
    if (seen == seen_.end()) return TimePoint::max();
    const auto record = record_of(shard);
    const bool is_true = record && record->server == server_;
    if (is_true && (record->given_back || record->member == options_.member)) {
        return seen->second.since;
    }
    return saturating_add(seen->second.since, unchanged_for(options_.lease));
}

std::optional<ShardRecord> ShardLeases::record_of(std::uint32_t shard) const {
    const auto seen = seen_.find(shard);
    if (seen == seen_.end()) return std::nullopt;
    auto record = read_record(seen->second.text);
    return record ? std::optional(*std::move(record)) : std::nullopt;
}

std::optional<SavedSession> ShardLeases::fresh(std::optional<SavedSession> session) const {
    // A time ahead of the server's is no time of a session: its clock was set back, or the record
    // is foreign.
    const bool good = session && abs(server_now_ - session->at) <= options_.session_good_for;
    return good ? std::move(session) : std::nullopt;
}

// The fleet is told another number of shards when all of its members want it and none runs one.
bool ShardLeases::may_recount(TimePoint now) const {
    if (leaving_ || count_ == 0 || options_.count == count_ || !held_.empty()) return false;
    const Counts alive = living(now);
    const bool agreed = std::ranges::all_of(members_, [&](const auto& member) {
        return !alive.contains(member.first) || member.first == options_.member ||
               wanted_in(member.second.beat) == options_.count;
    });
    if (!agreed) return false;
    return std::ranges::all_of(seen_,
                               [&](const auto& seen) { return free_since(seen.first) <= now; });
}

void ShardLeases::add_recount(Exchange& to) const {
    to.recount = options_.count;
    for (const auto& [shard, seen] : seen_) {
        if (seen.text.empty()) continue;
        to.writes.push_back({.shard = shard, .expected = seen.text, .stamp = {}, .content = {}});
    }
}

void ShardLeases::add_forgotten(Exchange& to, TimePoint now) const {
    const Duration silent = saturating_multiply(unchanged_for(options_.lease), forgotten_after);
    for (const auto& [name, member] : members_) {
        if (name == options_.member || now < saturating_add(member.changed_at, silent)) continue;
        to.forgotten.push_back({.member = name, .beat = member.beat});
    }
}

void ShardLeases::answered(const Register& found, TimePoint now) {
    expire(now);
    server_now_ = found.now;
    server_seen_at_ = now;
    if (found.server != server_) {
        forget_views();
        server_ = found.server;
    }
    follow_count(found.count);
    see_members(found, now);
    see_records(found, now);
    for (std::uint32_t shard = 0; shard < count_; ++shard) settle(shard, now);
    figures_.members = living(now).size();
}

// What another server process shows was not seen there before. Leases go on: they count from the
// steps that were answered.
void ShardLeases::forget_views() {
    seen_.clear();
    members_.clear();
    claimed_.clear();
}

// Shards of another number are other shards.
void ShardLeases::follow_count(std::uint32_t count) {
    if (count == 0 || count == count_) return;
    figures_.lost += held_.size();
    held_.clear();
    returned_.clear();
    claimed_.clear();
    seen_.clear();
    count_ = count;
}

void ShardLeases::see_records(const Register& found, TimePoint now) {
    for (std::uint32_t shard = 0; shard < count_; ++shard) {
        const auto record = found.records.find(shard);
        std::string text = record == found.records.end() ? std::string() : record->second;
        auto& seen = seen_.try_emplace(shard, Seen{.text = text, .since = now}).first->second;
        if (seen.text != text) seen = {.text = std::move(text), .since = now};
    }
}

void ShardLeases::see_members(const Register& found, TimePoint now) {
    std::erase_if(members_,
                  [&](const auto& member) { return !found.beats.contains(member.first); });
    for (const auto& [name, beat] : found.beats) {
        auto& member =
            members_.try_emplace(name, Member{.beat = beat, .known_since = now, .changed_at = now})
                .first->second;
        if (member.beat != beat) {
            member.beat = beat;
            member.changed_at = now;
        }
    }
}

// What the record of a shard means for this instance.
void ShardLeases::settle(std::uint32_t shard, TimePoint now) {
    const auto record = record_of(shard);
    const bool is_true = record && record->server == server_;
    const bool own = record && record->member == options_.member;
    // Without a lease only what is known to be one's own can be given back.
    if (!own || !is_true) returned_.erase(shard);
    if (is_true && !own && held_.erase(shard) > 0) ++figures_.lost;
    if (!own || record->turn != turn_) return;
    if (record->given_back) {
        if (returned_.erase(shard) > 0) ++figures_.returned;
    } else if (const auto held = held_.find(shard); held != held_.end()) {
        held->second.until = saturating_add(asked_at_, options_.lease);
    } else if (claimed_.contains(shard) && now < saturating_add(asked_at_, options_.lease)) {
        take(shard, *record);
    }
}

void ShardLeases::take(std::uint32_t shard, const ShardRecord& record) {
    held_.emplace(shard, Tenure{.number = ++tenures_,
                                .until = saturating_add(asked_at_, options_.lease),
                                .session = record.session});
    ++figures_.taken;
    if (record.session) ++figures_.resumed;
}

void ShardLeases::expire(TimePoint now) {
    figures_.lapsed +=
        std::erase_if(held_, [&](const auto& held) { return held.second.until <= now; });
}

const std::map<std::uint32_t, ShardLeases::Tenure>& ShardLeases::held(TimePoint now) {
    expire(now);
    return held_;
}

void ShardLeases::returned(std::uint32_t shard, std::optional<SavedSession> session) {
    if (held_.erase(shard) > 0) returned_.insert_or_assign(shard, std::move(session));
}

void ShardLeases::leave() {
    leaving_ = true;
    for (auto& [shard, tenure] : held_) tenure.returning = true;
}

process::UnixTime ShardLeases::server_time(TimePoint now) const {
    return server_now_ +
           std::chrono::duration_cast<std::chrono::milliseconds>(now - server_seen_at_);
}

ShardLeases::Counts ShardLeases::living(TimePoint now) const {
    return counts(now, Duration::zero(), unchanged_for(options_.lease));
}

ShardLeases::Counts ShardLeases::counts(TimePoint now, Duration known_for,
                                        Duration heard_within) const {
    Counts found{{options_.member, 0}};
    for (const auto& [name, member] : members_) {
        const bool known = now >= saturating_add(member.known_since, known_for);
        const bool heard = now < saturating_add(member.changed_at, heard_within);
        if (known && heard) found.emplace(name, 0);
    }
    for (const auto& [shard, seen] : seen_) {
        const auto record = record_of(shard);
        if (!record || record->given_back || record->member == options_.member) continue;
        if (const auto member = found.find(record->member); member != found.end()) {
            ++member->second;
        }
    }
    found[options_.member] = held_.size();
    return found;
}

// The same for everyone who sees the same: those that have most may have one more than the others.
std::size_t ShardLeases::own_share(const Counts& counts) const {
    const std::size_t own = counts.at(options_.member);
    const auto before = std::ranges::count_if(counts, [&](const auto& other) {
        return other.second > own || (other.second == own && other.first < options_.member);
    });
    const bool one_more = static_cast<std::size_t>(before) < count_ % counts.size();
    return count_ / counts.size() + (one_more ? 1 : 0);
}

void ShardLeases::return_surplus(TimePoint now) {
    if (leaving_ || count_ == 0) return;
    const std::size_t share = own_share(counts(now, options_.lease, options_.lease / 3));
    const auto staying = static_cast<std::size_t>(
        std::ranges::count_if(held_, [](const auto& held) { return !held.second.returning; }));
    std::size_t surplus = staying > share ? staying - share : 0;
    for (auto held = held_.rbegin(); held != held_.rend() && surplus > 0; ++held) {
        if (std::exchange(held->second.returning, true)) continue;
        --surplus;
    }
}

}  // namespace tutti::services::bot::assignment
