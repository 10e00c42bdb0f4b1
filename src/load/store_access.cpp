#include "load/store_access.hpp"

#include <algorithm>
#include <utility>

#include "codec/frame.hpp"

namespace tutti {

namespace {

constexpr std::size_t read_inline_bytes_max = 32UL * 1024;

FrameOptions frame_options(const detail::StoreSpec& spec) {
    return {.version = spec.version,
            .compress_above = spec.compress_above_bytes,
            .bytes_max = spec.value_bytes_max};
}

bool is_raw(const detail::StoreSpec& spec) { return !spec.raw_prefix.empty(); }

}  // namespace

StoreAccess::StoreAccess(Options options, std::shared_ptr<Store> store, const Clock& clock,
                         const std::shared_ptr<Executor>& executor, Workers& workers,
                         LoadCounters& counters, Log log)
    : options_(std::move(options)),
      store_(std::move(store)),
      clock_(clock),
      executor_(*executor),
      workers_(workers),
      lane_(workers.open_lane("stored values of cache " + options_.cache, options_.loads_max)),
      counters_(counters),
      log_(std::move(log)),
      take_back_(std::make_shared<TakeBack>(clock, executor, options_.claim_for)) {}

ValueAddress StoreAccess::address_of(const std::string& text) const {
    return {.channel = options_.channel,
            .prefix = options_.prefix,
            .key = text,
            .form = options_.form,
            .foreign_writers = options_.spec.foreign_writers};
}

bool StoreAccess::holds(const detail::RawLoaded& loaded) const noexcept {
    return loaded.cacheable && (loaded.answer == Answer::found || !is_raw(options_.spec));
}

FetchRequest StoreAccess::fetch_request(const std::string& text, const LoadToken& token,
                                        const Intent& intent) const {
    return {.address = address_of(text),
            .token = token,
            .claim_for = options_.claim_for,
            .age_max = intent.age_max,
            .take_over = intent.take_over};
}

void StoreAccess::fetch(std::vector<Question> questions) {
    std::vector<Store::Fetch> fetches;
    fetches.reserve(questions.size());
    for (Question& question : questions) {
        FetchRequest request = fetch_request(question.text, question.token, question.intent);
        fetches.push_back(asking(std::move(request),
                                 [self = shared_from_this(),
                                  question = std::move(question)](Result<Fetched> answer) mutable {
                                     self->fetched(std::move(question), std::move(answer));
                                 }));
    }
    store_->fetch_many(std::move(fetches), deadline());
}

void StoreAccess::ask(FetchRequest request, Completion<Fetched> done) {
    Store::Fetch fetch = asking(std::move(request), std::move(done));
    store_->fetch(std::move(fetch.request), deadline(), std::move(fetch.done));
}

template <class Done>
Store::Fetch StoreAccess::asking(FetchRequest request, Done done) {
    begin_asking(request.address.key);
    Store::Fetch fetch;
    fetch.done = [self = shared_from_this(), text = request.address.key,
                  done = std::move(done)](Result<Fetched> answer) mutable {
        const bool woken = self->end_asking(text);
        // Nothing is left to wait for.
        if (woken && answer) answer->claim_left = Duration::zero();
        done(std::move(answer));
    };
    fetch.request = std::move(request);
    return fetch;
}

void StoreAccess::begin_asking(const std::string& text) {
    const detail::Lock lock(asking_mutex_);
    ++asking_[text].questions;
}

bool StoreAccess::end_asking(const std::string& text) {
    const detail::Lock lock(asking_mutex_);
    const auto found = asking_.find(text);
    const bool woken = found->second.woken;
    if (--found->second.questions == 0) asking_.erase(found);
    return woken;
}

void StoreAccess::fetched(Question question, Result<Fetched> answer) {
    if (answer) return read_then(*std::move(answer), std::move(question));
    counters_.store_failures.add();
    if (!answer.error().retryable()) {
        log_.limited(LogLevel::error, "cache " + options_.cache + ": the store refuses it",
                     answer.error().message());
    }
    question.done(fail(std::move(answer).error()));
}

void StoreAccess::read_then(Fetched answer, Question question) {
    if (!answer.value) return interpreted(std::move(question), answer, std::nullopt);
    if (answer.value->bytes.size() <= read_inline_bytes_max) {
        Value value = read(answer.value->bytes);
        return interpreted(std::move(question), answer, std::move(value));
    }
    const auto shared =
        std::make_shared<std::pair<Fetched, Question>>(std::move(answer), std::move(question));
    const auto interpret = [self = shared_from_this(), shared](Value value) {
        self->interpreted(std::move(shared->second), shared->first, std::move(value));
    };
    const auto read_here = [self = shared_from_this(), shared] {
        return Value(self->read(shared->first.value->bytes));
    };
    const auto on_worker = [self = shared_from_this(), interpret, read_here] {
        self->executor_.post(
            [interpret, value = read_here()]() mutable { interpret(std::move(value)); });
    };
    if (!workers_.try_post(lane_, on_worker)) interpret(read_here());
}

void StoreAccess::interpreted(Question question, const Fetched& answer, Value value) {
    StoreAccess::Decoded found{
        .value = std::nullopt, .claim = answer.claim, .claim_left = answer.claim_left};
    if (value && *value) {
        found.value = **std::move(value);
        found.value->tags = answer.value->tags;
        found.stored = question.asked - answer.value->age;
        found.fresh_until = saturating_add(question.asked, answer.value->fresh);
        found.stored_by = clock_.now() - answer.value->age;
    } else if (value) {
        unreadable(question.text, value->error());
        found.unreadable = true;
    }
    if (found.value || found.claim != Fetched::Claim::none) {
        return question.done(std::move(found));
    }
    // The store takes what is there for fresh: ask once more, for a claim.
    FetchRequest again = fetch_request(question.text, question.token, question.intent);
    again.age_max = Duration::zero();
    ask(std::move(again), [done = std::move(question.done)](Result<Fetched> second) mutable {
        if (!second) return done(fail(std::move(second).error()));
        done(StoreAccess::Decoded{.value = std::nullopt,
                                  .claim = second->claim,
                                  .claim_left = second->claim_left,
                                  .unreadable = true});
    });
}

Result<detail::RawLoaded> StoreAccess::read(const std::string& bytes) const {
    StoredPayload payload;
    if (is_raw(options_.spec)) {
        if (bytes.empty() || bytes.size() > options_.spec.value_bytes_max) {
            return fail(Errc::too_large, "read stored value",
                        std::to_string(bytes.size()) + " bytes, allowed are 1 to " +
                            std::to_string(options_.spec.value_bytes_max));
        }
        payload.bytes = bytes;
    } else {
        auto framed = read_frame(bytes, frame_options(options_.spec));
        if (!framed) return fail(std::move(framed).error());
        payload = *std::move(framed);
    }
    switch (payload.kind) {
    case StoredPayload::Kind::nothing: return detail::RawLoaded{.value = nullptr, .detail = {}};
    case StoredPayload::Kind::negative:
        return detail::RawLoaded{
            .value = nullptr, .answer = Answer::negative, .detail = std::move(payload.bytes)};
    case StoredPayload::Kind::value: break;
    }
    auto value = options_.spec.decode(payload.bytes);
    if (!value) return fail(std::move(value).error());
    if (auto good = options_.admitted(value->get()); !good) {
        good.error().operation = "read stored value";
        return fail(std::move(good).error());
    }
    return detail::RawLoaded{.value = *std::move(value), .answer = Answer::found, .detail = {}};
}

Result<std::string> StoreAccess::write(const detail::RawLoaded& loaded) const {
    StoredPayload payload{.kind = StoredPayload::Kind::nothing, .bytes = {}};
    if (loaded.answer == Answer::negative) {
        payload = {.kind = StoredPayload::Kind::negative, .bytes = loaded.detail};
    } else if (loaded.value) {
        auto bytes = options_.spec.encode(loaded.value.get());
        if (!bytes) return bytes;
        if (bytes->size() > options_.spec.value_bytes_max) {
            return fail(Errc::too_large, "store value",
                        std::to_string(bytes->size()) + " bytes, allowed are " +
                            std::to_string(options_.spec.value_bytes_max) +
                            ": raise StoreTier::value_bytes_max");
        }
        if (is_raw(options_.spec)) return bytes;
        payload = {.kind = StoredPayload::Kind::value, .bytes = *std::move(bytes)};
    }
    return write_frame(payload, frame_options(options_.spec));
}

Result<FillRequest> StoreAccess::request_of(const std::string& text, const Claimed& claimed,
                                            const detail::RawLoaded& loaded,
                                            Duration fresh_for) const {
    auto bytes = write(loaded);
    if (!bytes) return fail(std::move(bytes).error());
    const bool keeps_stale = loaded.answer == Answer::found && !is_raw(options_.spec);
    FillRequest request{
        .address = address_of(text),
        .token = claimed.token,
        .bytes = *std::move(bytes),
        .fresh_for = fresh_for,
        .keep_for = saturating_add(fresh_for, keeps_stale ? options_.keep_stale : Duration{}),
        .tags = loaded.tags};
    if (!options_.spec.rank || !loaded.value) return request;
    const auto rank = detail::guarded({.name = "store.rank", .operation = "store value"},
                                      [&] { return options_.spec.rank(loaded.value.get()); });
    if (!rank) return fail(rank.error());
    request.rank = Rank{.value = *rank,
                        .yields_after = options_.spec.rank_yields_after,
                        .over_unreadable = claimed.over_unreadable};
    return request;
}

void StoreAccess::fill(std::vector<Filling> fillings) {
    std::vector<Store::Fill> fills;
    fills.reserve(fillings.size());
    for (Filling& one : fillings) {
        auto request = request_of(one.text, one.claimed, one.loaded, one.fresh_for);
        if (request) {
            fills.push_back(
                {.request = *std::move(request), .done = counting_failures(std::move(one.done))});
            continue;
        }
        release(one.text, one.claimed.token);
        not_stored(one.text, std::move(request).error(), std::move(one.done));
    }
    store_->fill_many(std::move(fills), deadline());
}

void StoreAccess::offer(const std::string& text, const LoadToken& token,
                        const detail::RawLoaded& loaded, Duration fresh_for,
                        std::function<bool()> wanted, Completion<Filled> done) {
    auto filling = request_of(text, {.token = token}, loaded, fresh_for);
    if (!filling) return not_stored(text, std::move(filling).error(), std::move(done));
    const Intent intent = Intent::forced();
    FetchRequest request = fetch_request(text, token, intent);
    // Others wait for it, and nothing is loaded meanwhile.
    request.claim_for = saturating_multiply(options_.command_deadline, 2);
    auto claimed = [self = shared_from_this(), text, token, filling = *std::move(filling),
                    wanted = std::move(wanted),
                    done = std::move(done)](Result<Decoded> reply) mutable {
        if (reply && !wanted()) {
            self->release(text, token);
            return done(Filled::claim_lost);
        }
        if (reply) {
            if (filling.rank) filling.rank->over_unreadable = reply->unreadable;
            auto filled = self->releasing_unsent(text, token, std::move(done));
            return self->store_->fill(std::move(filling), self->deadline(),
                                      self->counting_failures(std::move(filled)));
        }
        // Whether the claim was taken is not known, nor when: nothing may be stored under it.
        self->take_back(text, token, reply.error());
        done(fail(std::move(reply).error()));
    };
    ask(std::move(request), [self = shared_from_this(), text, token, intent, asked = clock_.now(),
                             claimed = std::move(claimed)](Result<Fetched> answer) mutable {
        // Only a rank makes a difference of what is there.
        if (answer && !self->options_.spec.rank) return claimed(Decoded{});
        self->fetched({.text = text,
                       .token = token,
                       .intent = intent,
                       .asked = asked,
                       .done = std::move(claimed)},
                      std::move(answer));
    });
}

// The claim stands, and others wait for it: that much was done.
Completion<Filled> StoreAccess::releasing_unsent(const std::string& text, const LoadToken& token,
                                                 Completion<Filled> done) {
    return [self = shared_from_this(), text, token,
            done = std::move(done)](Result<Filled> filled) mutable {
        if (!filled && std::exchange(filled.error().unsent, false)) self->release(text, token);
        done(std::move(filled));
    };
}

Completion<Filled> StoreAccess::counting_failures(Completion<Filled> done) {
    return [self = shared_from_this(), done = std::move(done)](Result<Filled> filled) mutable {
        if (!filled) self->counters_.store_failures.add();
        done(std::move(filled));
    };
}

void StoreAccess::not_stored(const std::string& text, Error error, Completion<Filled> done) {
    log_.limited(LogLevel::warning, "cache " + options_.cache + ": a value was not stored",
                 "key '" + text + "': " + error.message());
    executor_.post([done = std::move(done), error = std::move(error)]() mutable {
        done(fail(std::move(error)));
    });
}

void StoreAccess::release(const std::string& text, const LoadToken& token) {
    auto remove = removal(text, token);
    store_->release(
        address_of(text), token, deadline(),
        [take_back = take_back_, remove = std::move(remove)](const Result<bool>& released) mutable {
            const bool left = !released && TakeBack::may_be_left(released.error());
            if (left) take_back->take(std::move(remove));
        });
}

void StoreAccess::take_back(const std::string& text, const LoadToken& token, const Error& failed) {
    if (TakeBack::may_be_written(failed)) return take_back_->take(removal(text, token));
    if (!failed.unsent) release(text, token);
}

TakeBack::Remove StoreAccess::removal(const std::string& text, const LoadToken& token) const {
    return [store = store_, address = address_of(text), token](TimePoint deadline,
                                                               Completion<bool> done) {
        store->release(address, token, deadline, std::move(done));
    };
}

void StoreAccess::unreadable(const std::string& text, const Error& error) const {
    counters_.unreadable.add();
    log_.limited(LogLevel::warning, "cache " + options_.cache + ": a stored value counts as a miss",
                 "key '" + text + "': " + error.message());
}

Executor::TimerId StoreAccess::wait(const std::string& text, TimePoint until, Task again) {
    const std::string store_key = options_.prefix + text;
    // The timer is known only when it is set; it runs on this very thread, and so later.
    auto timer = std::make_shared<Executor::TimerId>();
    *timer = executor_.run_at(until, [self = shared_from_this(), store_key, timer] {
        if (Task due = self->take_waiting(store_key, *timer)) due();
    });
    waiting_[store_key].push_back({.timer = *timer, .again = std::move(again)});
    return *timer;
}

void StoreAccess::stop_waiting(const std::string& text, Executor::TimerId timer) {
    executor_.cancel(timer);
    const Task left = take_waiting(options_.prefix + text, timer);
}

Task StoreAccess::take_waiting(const std::string& store_key, Executor::TimerId timer) {
    const auto key = waiting_.find(store_key);
    if (key == waiting_.end()) return nullptr;
    const auto found = std::ranges::find(key->second, timer, &Waiting::timer);
    if (found == key->second.end()) return nullptr;
    Task taken = std::move(found->again);
    key->second.erase(found);
    if (key->second.empty()) waiting_.erase(key);
    return taken;
}

void StoreAccess::woken(std::string_view store_key) {
    if (store_key.empty()) return all_woken();
    if (!store_key.starts_with(options_.prefix)) return;  // of another cache
    const std::string key(store_key);
    {
        const detail::Lock lock(asking_mutex_);
        const auto found = asking_.find(key.substr(options_.prefix.size()));
        if (found != asking_.end()) found->second.woken = true;
    }
    if (auto ready = waiting_.extract(key)) ask_again(std::move(ready.mapped()));
}

void StoreAccess::all_woken() {
    {
        const detail::Lock lock(asking_mutex_);
        for (auto& [key, asking] : asking_) asking.woken = true;
    }
    for (auto& [key, ready] : std::exchange(waiting_, {})) ask_again(std::move(ready));
}

void StoreAccess::ask_again(std::vector<Waiting> ready) {
    for (Waiting& one : ready) {
        executor_.cancel(one.timer);
        one.again();
    }
}

void StoreAccess::close() {
    take_back_->close();
    for (const auto& [key, some] : waiting_) {
        for (const Waiting& one : some) executor_.cancel(one.timer);
    }
    waiting_.clear();
}

}  // namespace tutti
