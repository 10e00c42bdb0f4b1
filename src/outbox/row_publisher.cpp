#include "outbox/row_publisher.hpp"

#include <algorithm>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "tutti/detail/cache.hpp"  // IWYU pragma: keep (what a call answers that may not wait)
#include "tutti/detail/guarded.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/detail/wait_for.hpp"
#include "tutti/store.hpp"

namespace tutti::outbox {
namespace {

// The outcomes of publications that run at the same time.
class Outcomes {
public:
    Outcomes(std::size_t count, std::move_only_function<void(std::vector<Invalidation>)> done)
        : outcomes_(count), left_(count), done_(std::move(done)) {}

    void set(std::size_t position, Invalidation outcome) {
        {
            const detail::Lock lock(mutex_);
            outcomes_[position] = std::move(outcome);
            if (--left_ > 0) return;
        }
        done_(std::move(outcomes_));  // the last one: nothing else comes
    }

private:
    detail::Mutex mutex_;
    std::vector<Invalidation> outcomes_;  // guarded, until the last one
    std::size_t left_ TUTTI_GUARDED_BY(mutex_);
    std::move_only_function<void(std::vector<Invalidation>)> done_;
};

void append(std::vector<RowId>& to, const std::vector<RowId>& ids) {
    to.insert(to.end(), ids.begin(), ids.end());
}

void keep_each_once(std::vector<std::string>& names) {
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
}

bool finished(const Invalidation& outcome, Ack wanted) {
    return wanted == Ack::every_instance ? outcome.done() : outcome.published();
}

}  // namespace

std::vector<RowPublisher::Group> RowPublisher::grouped(const std::vector<Row>& rows,
                                                       Outcome& outcome) const {
    std::map<std::pair<std::string_view, Ack>, Due> due;
    for (const Row& row : rows) {
        const auto channel = std::ranges::find(channels_, row.channel, &Channel::name);
        if (channel == channels_.end()) {
            ++outcome.malformed;
            continue;
        }
        const bool has_reach = row.reach == "published" || row.reach == "done";
        const bool has_tag = row.tag && !row.key && is_tag(*row.tag);
        outcome.malformed += has_reach && (has_tag || !row.tag) ? 0 : 1;
        const Ack ack = row.reach == "done" ? Ack::every_instance : Ack::none;
        Due& of = due[{row.channel, ack}];
        of.channel = &*channel;
        of.ack = ack;
        (has_tag ? of.tag_ids : of.ids).push_back(row.id);
        if (has_tag) {
            of.changed.tags.push_back(*row.tag);
        } else if (row.tag || !row.key || row.key->size() > Bus::key_bytes_max) {
            of.changed.all = true;
        } else {
            of.changed.keys.push_back(*row.key);
        }
    }
    std::vector<Group> found;
    for (auto& [name, of] : due) {
        std::ranges::move(publications_of(std::move(of), outcome), std::back_inserter(found));
    }
    return found;
}

std::vector<RowPublisher::Group> RowPublisher::publications_of(Due due, Outcome& outcome) const {
    const auto publication = [&](KeySet changed, std::vector<RowId> ids) {
        return Group{.channel = due.channel,
                     .ack = due.ack,
                     .changed = std::move(changed),
                     .ids = std::move(ids)};
    };
    auto& [keys, all, tags] = due.changed;
    keep_each_once(keys);
    keep_each_once(tags);
    if (!all && due.changed.size() > keys_max_) {
        all = true;
        ++outcome.flushes;
    }
    std::vector<Group> found;
    if (all) {
        append(due.ids, due.tag_ids);
        found.push_back(publication(KeySet::everything(), std::move(due.ids)));
        return found;
    }
    if (!due.ids.empty())
        found.push_back(publication({.keys = std::move(keys)}, std::move(due.ids)));
    if (!due.tag_ids.empty())
        found.push_back(publication({.keys = {}, .tags = std::move(tags)}, std::move(due.tag_ids)));
    return found;
}

void RowPublisher::publish_groups(std::vector<Group> groups, Outcome& outcome) const {
    if (groups.empty()) return;
    const auto promise = std::make_shared<std::promise<std::vector<Invalidation>>>();
    auto answer = promise->get_future();
    const auto all = std::make_shared<Outcomes>(
        groups.size(),
        [promise](std::vector<Invalidation> each) { promise->set_value(std::move(each)); });
    for (std::size_t i = 0; i < groups.size(); ++i) {
        auto set = [all, i](Invalidation one) { all->set(i, std::move(one)); };
        detail::Answering<Invalidation, decltype(set)> done(std::move(set), Errc::stopped,
                                                            "it was dropped");
        InvalidateOptions options = options_;
        options.ack = groups[i].ack;
        // What it throws drops `done`, which answers then.
        (void)detail::guarded({.name = "invalidate"}, [&] {
            groups[i].channel->invalidate(groups[i].changed, options, std::move(done));
        });
    }
    const std::vector<Invalidation> outcomes = answer.get();
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (finished(outcomes[i], groups[i].ack)) {
            append(outcome.finished, groups[i].ids);
        } else {
            outcome.unconfirmed += std::max<std::size_t>(groups[i].ids.size(), 1);
            outcome.reason = outcomes[i].reason.empty() ? "not every instance has acknowledged it"
                                                        : outcomes[i].reason;
        }
    }
}

RowPublisher::Outcome RowPublisher::publish(const std::vector<Row>& rows) const {
    Outcome outcome;
    publish_groups(grouped(rows, outcome), outcome);
    return outcome;
}

RowPublisher::Outcome RowPublisher::flush() const {
    Outcome outcome;
    std::vector<Group> groups;
    groups.reserve(channels_.size());
    for (const Channel& channel : channels_) {
        groups.push_back({.channel = &channel, .changed = KeySet::everything()});
    }
    outcome.flushes = groups.size();
    publish_groups(std::move(groups), outcome);
    return outcome;
}

}  // namespace tutti::outbox
