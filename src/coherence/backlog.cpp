#include "coherence/backlog.hpp"

#include <iterator>

#include "base/rules.hpp"

namespace tutti {

namespace {

std::size_t key_count(const KeySet& keys) {
    return keys.all ? Backlog::keys_max + 1 : keys.keys.size();
}

// The connection, the server, the node itself: none of them is about what was published.
bool passes(const Error& error) { return error.retryable() || error.code == Errc::stopped; }

}  // namespace

void Backlog::keep(const Change& change, TimePoint now) {
    if (size() == 0) since_.store(now.time_since_epoch().count());
    add(change);
    count();
}

void Backlog::add(const Change& change) {
    if (change.keys.all) return add_all();
    if (all_) return;
    for (const std::string& key : change.keys.keys) keys_.emplace(change.shape, key);
    if (keys_.size() > keys_max) add_all();
}

void Backlog::add_all() {
    all_ = true;
    keys_.clear();
}

std::vector<Backlog::Change> Backlog::begin() {
    under_way_ = true;
    in_round_ = kept(Rule::retry_bypasses_store) ? size() : 0;
    std::vector<Change> changes;
    if (std::exchange(all_, false)) changes.push_back({KeySet::everything(), {}});
    for (const auto& [shape, key] : std::exchange(keys_, {})) {
        if (changes.empty() || changes.back().shape != shape) changes.push_back({{}, shape});
        changes.back().keys.keys.push_back(key);
    }
    count();
    return changes;
}

Backlog::Next Backlog::answered(const Change& part, const std::optional<Error>& failure,
                                TimePoint now) {
    --unanswered_;
    Next next;
    if (!failure) {
        published_ += key_count(part.keys);
        since_.store(now.time_since_epoch().count());
    } else if (passes(*failure)) {
        if (keys_.empty() || kept(Rule::every_failed_part_is_kept)) add(part);
        give_up_narrowing();
    } else if (part.keys.all) {
        add_all();
    } else if (part.keys.keys.size() == 1) {
        next.guilty = part.keys.keys.front();
        add_all();
    } else {
        halve(part);
    }
    if (all_) untried_.clear();
    if (closed_) give_up_narrowing();
    if (unanswered_ == 0 && !untried_.empty()) {
        next.send = std::move(untried_.back());
        untried_.pop_back();
    }
    count();
    return next;
}

void Backlog::give_up_narrowing() {
    for (const Change& change : std::exchange(untried_, {})) add(change);
}

void Backlog::halve(const Change& part) {
    const auto& keys = part.keys.keys;
    const auto middle = std::next(keys.begin(), std::ssize(keys) / 2);
    untried_.push_back({{.keys = {middle, keys.end()}}, part.shape});
    untried_.push_back({{.keys = {keys.begin(), middle}}, part.shape});
}

std::size_t Backlog::end() {
    under_way_ = false;
    in_round_ = 0;
    count();
    return std::exchange(published_, 0);
}

void Backlog::count() noexcept {
    size_.store(in_round_ + (all_ ? keys_max + 1 : keys_.size()));
    if (gate_) gate_->set_unpublished(size() > 0);
}

std::string Backlog::counted(std::size_t keys) {
    return keys > keys_max ? "all" : std::to_string(keys);
}

}  // namespace tutti
