#include "cli/probe_tally.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace tutti::cli {

// The load began between `sent - age` and `answered - age`, by this clock.
Could is_older(const Followed& followed, const Told& told, const Holding& held) {
    if (told.answered - held.age < followed.after) return Could::older;
    if (told.sent - held.age >= followed.seen) return Could::no;
    const Holdings& said = *told.holdings;
    const bool applied = said.epoch == followed.epoch && said.applied >= followed.sequence;
    return applied ? Could::no : Could::unknown;
}

namespace {

bool has_the_key(const Told& told) { return told.holdings && !told.holdings->held.empty(); }

}  // namespace

void Roll::add(const std::vector<std::string>& names, TimePoint asked) {
    for (const std::string& name : names) seen_[name] = asked;
    std::erase_if(seen_, [&](const auto& each) { return each.second < asked - kept; });
    last_ = asked;
}

std::vector<std::string> Roll::since(TimePoint asked) const {
    std::vector<std::string> names;
    for (const auto& [name, seen] : seen_) {
        if (seen >= asked) names.push_back(name);
    }
    return names;
}

Tally::Tally(const std::vector<Duration>& within) {
    for (const Duration each : within) rows_.push_back({.within = each});
}

void Tally::add(std::size_t row, const Followed& followed, const Result<Members>& members,
                std::span<const Told> answers) {
    Could worst = missing(followed, members, answers);
    TimePoint last = followed.seen;
    for (const Told& told : answers) {
        worst = std::max(worst, judge(row, followed, told));
        last = std::max(last, told.answered);
    }
    Row& into = rows_[row];
    if (std::ranges::any_of(answers, has_the_key)) ++into.held;
    switch (worst) {
    case Could::older: ++into.older; break;
    case Could::unknown: ++into.unknown; break;
    case Could::no:
        ++into.none;
        into.answered_by = std::max(into.answered_by, last - followed.after);
        break;
    }
}

Could Tally::missing(const Followed& followed, const Result<Members>& members,
                     std::span<const Told> answers) {
    const auto unknown = [this](std::string why) {
        note_silence("the members of the channel", std::move(why));
        return Could::unknown;
    };
    if (!members) return unknown(members.error().message());
    if (members->epoch != followed.epoch) return unknown("another epoch has begun since");
    if (members->names.empty()) return unknown("the server knows none");
    // One that hears no channel of that name was asked about another one.
    std::set<std::string_view> heard;
    for (const Told& told : answers) {
        if (told.holdings && told.holdings->epoch != Epoch::none)
            heard.insert(told.holdings->member);
    }
    Could worst = Could::no;
    for (const std::string& member : members->names) {
        if (heard.contains(member)) continue;
        worst = Could::unknown;
        note_silence(member, "a member of the channel, for which no process has answered");
    }
    return worst;
}

Could Tally::judge(std::size_t row, const Followed& followed, const Told& told) {
    if (!told.holdings) {
        note_silence(told.process, told.holdings.error().message());
        return Could::unknown;
    }
    const Holdings& said = *told.holdings;
    Could worst = Could::no;
    for (const Holding& held : said.held) {
        const Could could = is_older(followed, told, held);
        worst = std::max(worst, could);
        if (could == Could::unknown) {
            note_silence(told.process,
                         "loaded the key while its invalidation was published, and "
                         "has not said yet that it has applied it");
        }
        if (could == Could::older && findings_.size() < findings_max) {
            const bool same = said.epoch == followed.epoch;
            findings_.push_back({.followed = followed,
                                 .within = rows_[row].within,
                                 .process = told.process,
                                 .node = said.node,
                                 .held = held,
                                 .applied = same ? said.applied : 0});
        }
    }
    return worst;
}

void Tally::note_silence(const std::string& who, std::string reason) {
    const bool has_room = silent_.size() < silent_max || silent_.contains(who);
    Silence& silence = silent_[has_room ? who : "others"];
    ++silence.times;
    silence.reason = std::move(reason);
}

}  // namespace tutti::cli
