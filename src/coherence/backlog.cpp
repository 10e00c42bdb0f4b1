#include "coherence/backlog.hpp"

#include <iterator>

namespace tutti {

namespace {

std::size_t key_count(const KeySet& keys) { return keys.all ? Backlog::keys_max + 1 : keys.size(); }

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
    for (const std::string& key : change.keys.keys) named_.insert({change.shape, Kind::key, key});
    for (const std::string& tag : change.keys.tags) named_.insert({change.shape, Kind::tag, tag});
    if (named_.size() > keys_max) add_all();
}

void Backlog::add_all() {
    all_ = true;
    named_.clear();
}

std::vector<Backlog::Change> Backlog::begin() {
    under_way_ = true;
    in_round_ = size();
    std::vector<Change> changes;
    if (std::exchange(all_, false)) changes.push_back({KeySet::everything(), {}});
    for (const auto& [shape, kind, name] : std::exchange(named_, {})) {
        if (changes.empty() || changes.back().shape != shape) changes.push_back({{}, shape});
        KeySet& changed = changes.back().keys;
        (kind == Kind::tag ? changed.tags : changed.keys).push_back(name);
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
        add(part);
        give_up_narrowing();
    } else if (part.keys.all) {
        add_all();
    } else if (part.keys.size() == 1) {
        next.guilty = part.keys.tags.empty() ? part.keys.keys.front() : part.keys.tags.front();
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
    const auto& [keys, all, tags] = part.keys;
    const auto some_keys = std::next(keys.begin(), std::ssize(keys) / 2);
    const auto some_tags = std::next(tags.begin(), std::ssize(tags) - std::ssize(tags) / 2);
    untried_.push_back(
        {{.keys = {some_keys, keys.end()}, .tags = {some_tags, tags.end()}}, part.shape});
    untried_.push_back(
        {{.keys = {keys.begin(), some_keys}, .tags = {tags.begin(), some_tags}}, part.shape});
}

std::size_t Backlog::end() {
    under_way_ = false;
    in_round_ = 0;
    count();
    return std::exchange(published_, 0);
}

void Backlog::count() noexcept {
    size_.store(in_round_ + (all_ ? keys_max + 1 : named_.size()));
    if (gate_) gate_->set_unpublished(size() > 0);
}

std::string Backlog::counted(std::size_t keys) {
    return keys > keys_max ? "all" : std::to_string(keys);
}

}  // namespace tutti
