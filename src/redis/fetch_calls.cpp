#include "redis/fetch_calls.hpp"

#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "coherence/store_rules.hpp"
#include "redis/script_runner.hpp"
#include "redis/value_reply.hpp"

namespace tutti::redis {
namespace {

// Everything but the key and the token.
auto shared_by_a_call(const FetchRequest& request) {
    const ValueAddress& address = request.address;
    return std::tie(address.channel, address.prefix, address.form, address.foreign_writers,
                    request.claim_for, request.age_max, request.take_over);
}

}  // namespace

FetchCalls::FetchCalls(std::shared_ptr<CommandConnection> connection, RandomSource random,
                       Names names, std::shared_ptr<const StoreFence> fence)
    : connection_(std::move(connection)),
      random_(std::move(random)),
      names_(std::move(names)),
      fence_(std::move(fence)) {}

bool FetchCalls::go_together(const FetchRequest& one, const FetchRequest& other) {
    return shared_by_a_call(one) == shared_by_a_call(other);
}

void FetchCalls::ask(std::vector<Store::Fetch> fetches, TimePoint deadline) {
    const FetchRequest& shared = fetches.front().request;
    const ValueAddress& address = shared.address;
    ScriptCall call{
        .script = scripts::fetch,
        .operation = fetch_operation,
        .keys = names_.state_keys(address.channel),
        .args = {form_word(address.form), address.foreign_writers ? "foreign" : "",
                 time_word(store_rules::rounded_up(shared.claim_for)),
                 time_word(store_rules::rounded_down(shared.age_max)),
                 shared.take_over ? "take_over" : "", std::to_string(Store::value_bytes_max),
                 std::to_string(fetch_bytes_max), address.prefix},
        .candidate = random_,
        .caller = CommandConnection::Caller::store};
    for (const Store::Fetch& fetch : fetches) {
        call.keys.push_back(store_rules::key_of(fetch.request.address));
        call.args.push_back(fetch.request.token);
    }
    run(connection_, std::move(call), deadline,
        [self = shared_from_this(), fetches = std::move(fetches),
         deadline](Result<Reply> reply) mutable {
            self->answered(std::move(fetches), deadline, std::move(reply));
        });
}

void FetchCalls::answered(std::vector<Store::Fetch> fetches, TimePoint deadline,
                          Result<Reply> reply) {
    auto answers = to_fetched(fetch_operation, fetches.size(), std::move(reply));
    for (std::size_t i = 0; i < fetches.size(); ++i) {
        if (!answers[i] || *answers[i]) continue;
        std::vector<Store::Fetch> alone;
        alone.push_back(std::move(fetches[i]));
        ask(std::move(alone), deadline);
    }
    for (std::size_t i = 0; i < fetches.size(); ++i) {
        if (!answers[i]) {
            fetches[i].done(fail(std::move(answers[i]).error()));
        } else if (*answers[i]) {
            fetches[i].done(fenced(fetches[i].request, **std::move(answers[i])));
        }
    }
}

Result<Fetched> FetchCalls::fenced(const FetchRequest& request, Fetched fetched) const {
    if (!fence_ || fence_->covers(request.address.channel, fetched.epoch, Boottime::now()))
        return fetched;
    return fail(Errc::unavailable, fetch_operation,
                "no lease of this node covers what this server has: it may have been replaced");
}

}  // namespace tutti::redis
