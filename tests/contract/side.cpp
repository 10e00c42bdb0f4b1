#include "contract/side.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace tutti::contract {
namespace {

// A side whose clock really runs is a little later; that is much less than a minute.
std::string minutes_passed(Duration time) {
    return std::to_string(std::chrono::floor<std::chrono::minutes>(time).count()) + " min";
}
std::string minutes_left(Duration time) {
    return std::to_string(std::chrono::ceil<std::chrono::minutes>(time).count()) + " min";
}

std::string quoted(const KeySet& changed) {
    if (changed.all) return "*";
    std::string text;
    for (const std::string& key : changed.keys) text += "'" + key + "' ";
    for (const std::string& tag : changed.tags) text += "#'" + tag + "' ";
    return text;
}

constexpr const char* kind_names[] = {"get",
                                      "put",
                                      "erase",
                                      "erase_if_equal",
                                      "replace_if_equal",
                                      "count",
                                      "fetch",
                                      "fill",
                                      "release",
                                      "drop",
                                      "publish",
                                      "renew",
                                      "replay",
                                      "leave",
                                      "acknowledge",
                                      "laggards",
                                      "reap",
                                      "publish_plain",
                                      "age",
                                      "age_members",
                                      "lose_log",
                                      "lose_tags",
                                      "trim_log",
                                      "lose_members",
                                      "lose_state",
                                      "lose_everything",
                                      "restart_empty",
                                      "restart_from_copy"};

}  // namespace

std::string to_text(const Step& step) {
    const ValueAddress& address = step.address;
    return std::string(kind_names[static_cast<std::size_t>(step.kind)]) + " key=" + step.key +
           " bytes=" + step.bytes + " other=" + step.other + " address=" + address.channel + "/" +
           address.prefix + address.key + " further=" + quoted({.keys = step.further}) +
           " token=" + step.token + (step.take_over ? " take_over" : "") +
           (step.offers ? " offers" : "") + " tags=" + quoted({.keys = step.tags}) +
           " changed=" + quoted(step.changed) + " member=" + step.member +
           " rank=" + (step.rank ? std::to_string(step.rank->value) : "-");
}

Side::Side(std::unique_ptr<ContractWorld> world) : world_(std::move(world)) {
    world_->bus(0).subscribe({{.channel = "c", .plain = true}, {.channel = "d", .plain = false}},
                             recorder_);
    EXPECT_TRUE(world_->run_until([&] { return recorder_.heard().subscribed == 1; }));
    heard_ = recorder_.heard();
}

std::string Side::run(const Step& step) {
    const std::string answer = happen(step) ? "happened" : operate(step);
    const auto probed = ask<void>(
        [&](TimePoint deadline, auto done) { world_->bus(0).probe(deadline, std::move(done)); });
    EXPECT_TRUE(probed) << probed.error().message();
    return answer + take_heard();
}

template <class T, class F>
Result<T> Side::ask(F begin) {
    Answer<T> answer;
    begin(world_->now() + std::chrono::seconds{10}, answer.completion());
    EXPECT_TRUE(world_->run_until([&] { return answer.count() > 0; }));
    return answer.result();
}

// Returns whether the step was an incident.
bool Side::happen(const Step& step) {
    using enum Step::Kind;
    const std::string& channel = step.address.channel;
    switch (step.kind) {
    case publish_plain: world_->publish_plain(channel, step.bytes); return true;
    case age: world_->age(step.lease); return true;
    case age_members: world_->age_members(channel, step.lease); return true;
    case lose_log: world_->lose_log(channel); return true;
    case lose_tags: world_->lose_tags(channel); return true;
    case trim_log: world_->trim_log(channel, step.first); return true;
    case lose_members: world_->lose_members(channel); return true;
    case lose_state: world_->lose_state(channel); return true;
    case lose_everything: world_->lose_everything(); return true;
    case restart_empty:
        world_->restart_empty();
        wait_for_the_restart();
        return true;
    case restart_from_copy:
        world_->save();
        world_->restart_from_saved();
        wait_for_the_restart();
        return true;
    default: return false;
    }
}

void Side::wait_for_the_restart() {
    EXPECT_TRUE(
        world_->run_until([&] { return recorder_.heard().subscribed > heard_.subscribed; }));
    const TimePoint give_up = world_->now() + ContractWorld::patience;
    for (;;) {
        const auto answered = ask<std::size_t>([&](TimePoint deadline, auto done) {
            world_->store(0).count("", deadline, std::move(done));
        });
        if (answered || world_->now() > give_up) return;
        world_->run_for(std::chrono::milliseconds{5});
    }
}

std::string Side::operate(const Step& step) {
    return step.kind < Step::Kind::publish ? operate_on_store(step) : operate_on_bus(step);
}

std::string Side::operate_on_store(const Step& step) {
    using enum Step::Kind;
    Store& store = world_->store(0);
    switch (step.kind) {
    case get: {
        const auto found = ask<std::optional<std::string>>(
            [&](TimePoint deadline, auto done) { store.get(step.key, deadline, std::move(done)); });
        if (!found) return text(found.error());
        return *found ? "'" + **found + "'" : "absent";
    }
    case put:
        return text(ask<bool>([&](TimePoint deadline, auto done) {
            store.put(step.key, step.bytes, {.ttl = step.ttl, .condition = step.condition},
                      deadline, std::move(done));
        }));
    case erase:
        return text(ask<bool>([&](TimePoint deadline, auto done) {
            store.erase(step.key, deadline, std::move(done));
        }));
    case erase_if_equal:
        return text(ask<bool>([&](TimePoint deadline, auto done) {
            store.erase_if_equal(step.key, step.bytes, deadline, std::move(done));
        }));
    case replace_if_equal:
        return text(ask<bool>([&](TimePoint deadline, auto done) {
            store.replace_if_equal(step.key, step.bytes, step.other, step.ttl, deadline,
                                   std::move(done));
        }));
    case count: {
        const auto counted = ask<std::size_t>([&](TimePoint deadline, auto done) {
            store.count(step.key, deadline, std::move(done));
        });
        return counted ? std::to_string(*counted) : text(counted.error());
    }
    case fetch: return fetch_all(step);
    case fill: return fill_all(step);
    case release:
        return text(ask<bool>([&](TimePoint deadline, auto done) {
            store.release(step.address, step.token, deadline, std::move(done));
        }));
    default: break;
    }
    const auto dropped = ask<void>([&](TimePoint deadline, auto done) {
        store.drop(step.address.channel, step.changed.keys, deadline, std::move(done));
    });
    return dropped ? "dropped" : text(dropped.error());
}

std::string Side::fetch_all(const Step& step) {
    return for_all<Fetched>(step, [&](Store& store, auto fetches, TimePoint deadline) {
        for (Store::Fetch& fetch : fetches) {
            fetch.request.token = step.token;
            fetch.request.claim_for = step.claim_for;
            fetch.request.age_max = step.age_max;
            fetch.request.take_over = step.take_over;
        }
        store.fetch_many(std::move(fetches), deadline);
    });
}

std::string Side::fill_all(const Step& step) {
    Step claiming = step;
    claiming.claim_for = std::chrono::minutes{60};
    claiming.take_over = true;
    const std::string claimed = step.offers ? fetch_all(claiming) : "";
    const auto filled = for_all<Filled>(step, [&](Store& store, auto fills, TimePoint deadline) {
        for (Store::Fill& fill : fills) {
            fill.request.token = step.token;
            fill.request.bytes = step.bytes;
            fill.request.fresh_for = step.fresh_for;
            fill.request.keep_for = step.keep_for;
            fill.request.rank = step.rank;
            fill.request.tags = step.tags;
        }
        store.fill_many(std::move(fills), deadline);
    });
    return claimed + filled;
}

template <class T, class F>
std::string Side::for_all(const Step& step, F begin) {
    using Part = std::conditional_t<std::is_same_v<T, Fetched>, Store::Fetch, Store::Fill>;
    std::vector<std::string> keys = step.further;
    keys.insert(keys.begin(), step.address.key);
    std::vector<Answer<T>> answers(keys.size());
    std::vector<Part> parts(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        parts[i].request.address = step.address;
        parts[i].request.address.key = keys[i];
        parts[i].done = answers[i].completion();
    }
    begin(world_->store(0), std::move(parts), world_->now() + std::chrono::seconds{10});
    std::string all;
    for (const Answer<T>& answer : answers) {
        EXPECT_TRUE(world_->run_until([&] { return answer.count() > 0; }));
        all += text(answer.result()) + "; ";
    }
    return all;
}

std::string Side::operate_on_bus(const Step& step) {
    using enum Step::Kind;
    Bus& bus = world_->bus(0);
    const std::string& channel = step.address.channel;
    switch (step.kind) {
    case publish: {
        const auto published = ask<Published>([&](TimePoint deadline, auto done) {
            bus.publish({.channel = channel,
                         .changed = step.changed,
                         .plain_events = step.plain_events,
                         .acknowledge = step.acknowledge},
                        deadline, std::move(done));
        });
        if (!published) return text(published.error());
        seen_[channel] = published->position;
        return text(published->position) + " lease " + minutes_left(published->lease) +
               " renewals " + std::to_string(published->renewals) + " members " +
               std::to_string(published->members);
    }
    case renew: {
        const auto renewed = ask<Renewed>([&](TimePoint deadline, auto done) {
            bus.renew({.channel = channel,
                       .member = step.member,
                       .applied = applied(step),
                       .lease = step.lease},
                      deadline, std::move(done));
        });
        if (!renewed) return text(renewed.error());
        seen_[channel] = renewed->position;
        const auto recorded = world_->applied_of(channel, step.member);
        return text(renewed->position) + " lease " + minutes_left(renewed->lease) + " applied " +
               (recorded ? std::to_string(*recorded) : "nothing");
    }
    case replay: {
        const auto entries = ask<std::vector<BusEntry>>([&](TimePoint deadline, auto done) {
            bus.replay(channel, step.first, step.last, deadline, std::move(done));
        });
        if (!entries) return text(entries.error());
        std::string all = "replayed";
        for (const BusEntry& entry : *entries) all += " " + text(entry);
        return all;
    }
    case acknowledge: {
        const auto answer = ask<void>([&](TimePoint deadline, auto done) {
            bus.acknowledge({.channel = channel, .member = step.member, .applied = applied(step)},
                            deadline, std::move(done));
        });
        return answer ? "acknowledged" : text(answer.error());
    }
    case laggards: {
        const auto behind = ask<Laggards>([&](TimePoint deadline, auto done) {
            bus.laggards(channel, step.first, deadline, std::move(done));
        });
        if (!behind) return text(behind.error());
        std::string all = "epoch " + name(epochs_, std::to_underlying(behind->epoch)) + " behind";
        for (const Laggards::Member& member : behind->members)
            all += " " + member.name + " " + std::to_string(member.applied);
        return all;
    }
    case reap: {
        const auto reaped = ask<void>([&](TimePoint deadline, auto done) {
            bus.reap(channel, applied(step).epoch, step.first, deadline, std::move(done));
        });
        return reaped ? "reaped" : text(reaped.error());
    }
    default: break;
    }
    const auto left = ask<void>([&](TimePoint deadline, auto done) {
        bus.leave(channel, step.member, deadline, std::move(done));
    });
    return left ? "left" : text(left.error());
}

BusPosition Side::applied(const Step& step) const {
    const auto place = seen_.find(step.address.channel);
    if (place == seen_.end() || step.applied == Step::Applied::nothing) return {};
    BusPosition position = place->second;
    if (step.applied == Step::Applied::beyond) position.sequence += 5;
    if (step.applied == Step::Applied::other_epoch) position.epoch = Epoch{1};
    return position;
}

std::string Side::take_heard() {
    const Heard now = recorder_.heard();
    std::string all;
    for (std::size_t i = heard_.order.size(); i < now.order.size(); ++i) {
        if (now.order[i] != "subscribed" && now.order[i] != "disconnected") {
            all += ", heard " + now.order[i];
        }
    }
    for (std::size_t i = heard_.entries.size(); i < now.entries.size(); ++i) {
        all += " [" + now.entries[i].first + " " + text(now.entries[i].second) + "]";
    }
    for (std::size_t i = heard_.plain.size(); i < now.plain.size(); ++i) {
        all += " plain '" + now.plain[i] + "'";
    }
    // The order of wakings of one step says nothing.
    std::vector<std::string> woken(now.woken.begin() + std::ssize(heard_.woken), now.woken.end());
    std::ranges::sort(woken);
    for (const std::string& key : woken) all += " woken '" + key + "'";
    heard_ = now;
    return all;
}

std::string Side::text(const Error& error) const {
    return "error: " + std::string(to_string(error.code));
}

std::string Side::text(const Result<bool>& answer) const {
    if (!answer) return text(answer.error());
    return *answer ? "true" : "false";
}

std::string Side::text(const Result<Filled>& answer) const {
    return answer ? std::string(to_string(*answer)) : text(answer.error());
}

std::string Side::text(const Result<Fetched>& answer) const {
    if (!answer) return text(answer.error());
    std::string all = answer->claim == Fetched::Claim::none   ? "fresh"
                      : answer->claim == Fetched::Claim::ours ? "ours"
                                                              : "theirs";
    if (answer->claim == Fetched::Claim::theirs) all += " " + minutes_left(answer->claim_left);
    if (!answer->value) return all;
    return all + " '" + answer->value->bytes + "' age " + minutes_passed(answer->value->age) +
           " fresh " + minutes_left(answer->value->fresh) + " tags " +
           quoted({.keys = answer->value->tags});
}

std::string Side::text(const BusPosition& position) {
    return "epoch " + name(epochs_, std::to_underlying(position.epoch)) + " sequence " +
           std::to_string(position.sequence) + " chain " +
           name(chains_, std::to_underlying(position.chain));
}

std::string Side::text(const BusEntry& entry) {
    return text(entry.position) + " after " + name(chains_, std::to_underlying(entry.previous)) +
           ": " + quoted(entry.changed);
}

std::string Side::name(std::map<std::uint64_t, std::size_t>& names, std::uint64_t number) {
    return std::to_string(names.try_emplace(number, names.size()).first->second);
}

}  // namespace tutti::contract
