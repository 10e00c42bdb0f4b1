#include "simulation/checker.hpp"

#include <algorithm>

namespace tutti::simulation {

void Checker::forget_since(TimePoint moment) {
    for (std::size_t row = 0; row < executed_.size(); ++row) {
        auto& publications = executed_[row];
        std::erase_if(publications, [&](const auto& one) { return one.first > moment; });
        done_[row] = std::min(done_[row], covered(row));
    }
}

Version Checker::version_before(std::size_t row, TimePoint moment) const {
    const auto& publications = executed_[row];
    const auto after = std::ranges::upper_bound(publications, moment, {},
                                                [](const auto& one) { return one.first; });
    return after == publications.begin() ? 0 : std::prev(after)->second;
}

std::size_t Checker::offered(std::size_t row, Version version) {
    offers_[row].push_back({.version = version});
    return offers_[row].size() - 1;
}

bool Checker::allows(std::size_t row, Version least, Version seen) const {
    return seen >= least || std::ranges::any_of(offers_[row], [&](const Offer& offer) {
               return offer.version == seen && least <= version_before(row, offer.ended);
           });
}

bool Checker::may_differ(std::size_t row, TimePoint loaded, TimePoint heard) const {
    const Version told = version_before(row, heard);
    return source_.read_at(row, loaded) > told ||
           std::ranges::any_of(offers_[row], [&](const Offer& offer) {
               return offer.version < told && allows(row, told, offer.version);
           });
}

bool Checker::executed_since(std::size_t row, TimePoint moment) const {
    return !executed_[row].empty() && executed_[row].back().first >= moment;
}

Obligation Checker::obligation(std::size_t row, TimePoint begins, Duration lease_bound,
                               Duration suspect_bound, Version own) const {
    return {.acknowledged = done_[row],
            .own = own,
            .bounded = version_before(row, begins - lease_bound),
            .aged = version_before(row, begins - suspect_bound)};
}

void Checker::judge(TimePoint now, std::size_t row, const Obligation& owed, Version seen,
                    Answer answer) {
    const auto demand = [&](Version least, const char* promise) {
        if (allows(row, least, seen)) return;
        report(now, promise,
               "version " + std::to_string(seen) + " was read, " + std::to_string(least) +
                   " is the least allowed",
               row);
    };
    demand(owed.own, "own writes: a read after a local invalidate sees it");
    if (answer == Answer::suspect) {
        demand(owed.aged, "suspect: a marked answer is no older than serve_up_to allows");
    } else {
        demand(owed.acknowledged, "A1: a read that begins after done sees the commit");
        demand(owed.bounded, "A2: a fresh answer is within the lease bound");
    }
    if (seen > source_.read(row)) report(now, "no value comes from the future", "", row);
}

void Checker::report(TimePoint at, std::string promise, std::string what, std::size_t row) {
    violations_.push_back({at, std::move(promise), std::move(what), row});
}

}  // namespace tutti::simulation
