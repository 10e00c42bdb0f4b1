// Any headers and any body may come as an answer of Discord's REST API. The input is a list of
// answers to calls of a few routes: a status, which headers there are, and their texts. Whatever
// they say: no call is lost, none goes twice at a time, and what is waited for is bounded.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "bot-client/rest/call_scheduler.hpp"

namespace {

using namespace std::chrono_literals;
using namespace tutti::services::bot::rest;
using tutti::services::http::Response;

class Bookkeeper final : public CallScheduler::Effects {
public:
    void go(CallScheduler::Call call) override {
        if (!waiting.erase(call) || !going.insert(call).second) std::abort();
    }
    void refuse(CallScheduler::Call call, tutti::Error) override {
        if (!waiting.erase(call)) std::abort();
    }
    void wake_at(tutti::TimePoint when) override { wake = when; }

    std::set<CallScheduler::Call> waiting;
    std::set<CallScheduler::Call> going;
    tutti::TimePoint wake = tutti::TimePoint::max();
};

std::string_view take(std::string_view& bytes, std::size_t count) {
    const std::string_view taken = bytes.substr(0, count);
    bytes.remove_prefix(taken.size());
    return taken;
}

Response answer_of(std::string_view& bytes) {
    static constexpr int statuses[]{200, 204, 400, 401, 403, 404, 429, 429, 429, 500, 502};
    const auto number = [&bytes] {
        const auto one = take(bytes, 1);
        return one.empty() ? 0U : static_cast<unsigned char>(one[0]);
    };
    Response response{.status = statuses[number() % std::size(statuses)]};
    for (const char* name :
         {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset-After",
          "X-RateLimit-Bucket", "X-RateLimit-Scope", "Retry-After"}) {
        const unsigned length = number() % 16;
        if (length > 0) response.headers.add(name, std::string(take(bytes, length)));
    }
    response.body = take(bytes, number());
    return response;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const Route routes[]{Route::make("POST", "/channels/{}/messages", {"1"}).value(),
                         Route::make("POST", "/channels/{}/messages", {"2"}).value(),
                         Route::make("PATCH", "/channels/{}", {"1"}).value(),
                         Route::make("POST", "/webhooks/{}/{}", {"7", "t"}).value()};
    Bookkeeper book;
    CallScheduler scheduler({.per_second = 3, .waiting_max = 20, .invalid_max = 30}, book);
    tutti::TimePoint now{1000s};
    CallScheduler::Call last = 0;
    while (!bytes.empty()) {
        const unsigned step = static_cast<unsigned char>(take(bytes, 1)[0]);
        for (unsigned count = 0; count <= step % 3; ++count) {
            book.waiting.insert(++last);
            scheduler.submit(last, routes[(step >> 2U) % std::size(routes)], now + 20s, now);
        }
        if (!book.going.empty()) {
            const auto call = *book.going.begin();
            book.going.erase(book.going.begin());
            book.waiting.insert(call);  // it may go again within the call
            const auto facts = read_answer(answer_of(bytes));
            if (facts.retry_after > 24h || facts.retry_after < 0s) std::abort();
            if (scheduler.answered(call, facts, now) == CallScheduler::Then::done) {
                if (!book.waiting.erase(call)) std::abort();
            }
        }
        now += std::chrono::milliseconds(step * 4);
        scheduler.tick(now);
    }
    // Everything ends: by its turn, or by its deadline.
    for (int round = 0; round < 200 && !(book.waiting.empty() && book.going.empty()); ++round) {
        for (const auto call : std::exchange(book.going, {})) scheduler.failed(call, now);
        now += 1s;
        scheduler.tick(now);
    }
    if (!book.waiting.empty() || !book.going.empty()) std::abort();
    const auto figures = scheduler.figures();
    if (figures.waiting != 0 || figures.in_flight != 0) std::abort();
    return 0;
}
