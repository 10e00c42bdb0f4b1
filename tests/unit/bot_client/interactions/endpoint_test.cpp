// The endpoint by its route, with what Discord would send and a bot that answers when the test says
// so.
#include "bot-client/interactions/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/http/message.hpp"
#include "common/http/router.hpp"
#include "unit/bot_client/interactions/signer.hpp"

namespace tutti::services::bot::interactions {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string interaction(int type) {
    return R"({"id":"1181122000000000001","application_id":"42","type":)" + std::to_string(type) +
           R"(,"token":"the-token-of-it"})";
}

class Endpoint : public ::testing::Test {
protected:
    // What a client would see of one request.
    struct Seen {
        std::mutex mutex;
        std::condition_variable changed;
        std::optional<http::Response> response;
    };

    void make(Duration defer_after = 1h) {
        endpoint = std::make_unique<InteractionEndpoint>(InteractionEndpoint::Parts{
            .signatures = Signatures::create({.public_key = signer.public_key()}).value(),
            .take =
                [this](Interaction taken_one, RespondFirst respond) {
                    taken.push_back(taken_one.id);
                    responds.push_back(std::move(respond));
                    return has_room;
                },
            .defer_after = defer_after,
            .now = [] { return now; }});
        endpoint->add_to(router);
    }
    [[nodiscard]] http::Request signed_request(const std::string& body) const {
        return {.method = "POST",
                .path = "/interactions",
                .headers = {{"X-Signature-Ed25519", signer.sign(timestamp, body)},
                            {"X-Signature-Timestamp", timestamp}},
                .body = body};
    }
    // The response, which is there later when it is deferred.
    std::shared_ptr<Seen> post(http::Request request) {
        auto seen = std::make_shared<Seen>();
        http::Response response = router.handle(std::move(request));
        if (!response.later) {
            seen->response = std::move(response);
            return seen;
        }
        gone = response.later([seen](http::Response later) {
            const std::lock_guard lock(seen->mutex);
            seen->response = std::move(later);
            seen->changed.notify_all();
        });
        return seen;
    }
    static http::Response wait_for(const std::shared_ptr<Seen>& seen) {
        std::unique_lock lock(seen->mutex);
        seen->changed.wait_for(lock, 10s, [&] { return seen->response.has_value(); });
        return seen->response.value_or(http::Response{.status = 0});
    }

    Signer signer;
    bool has_room = true;
    std::vector<std::string> taken;
    std::vector<RespondFirst> responds;
    std::function<void()> gone;
    http::Router router;
    std::unique_ptr<InteractionEndpoint> endpoint;
};

TEST_F(Endpoint, APingIsAnsweredByItself) {
    make();
    const auto response = wait_for(post(signed_request(interaction(1))));

    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"type":1})");
    EXPECT_THAT(std::string(response.headers.find("Content-Type").value_or("")),
                HasSubstr("application/json"));
    EXPECT_THAT(taken, IsEmpty());
}

TEST_F(Endpoint, WhatIsNotSignedIsRefusedByItsHead) {
    make();
    auto without = signed_request(interaction(2));
    without.headers = {};
    auto with_a_short_one = signed_request(interaction(2));
    with_a_short_one.headers.set("X-Signature-Ed25519", "00");

    for (auto* request : {&without, &with_a_short_one}) {
        const auto admitted = router.admit(*request);
        ASSERT_TRUE(std::holds_alternative<http::Response>(admitted));
        EXPECT_EQ(std::get<http::Response>(admitted).status, 401);
    }
}

TEST_F(Endpoint, AForgedOneIsRefusedBeforeItIsRead) {
    make();
    auto forged = signed_request(interaction(1));
    forged.body = "no JSON at all";

    EXPECT_EQ(wait_for(post(forged)).status, 401);
    EXPECT_EQ(endpoint->figures().verdicts[static_cast<std::size_t>(SignatureVerdict::forged)], 1U);
    EXPECT_EQ(endpoint->figures().unreadable, 0U);
}

TEST_F(Endpoint, AReplayIsRefused) {
    make();
    const auto request = signed_request(interaction(1));

    EXPECT_EQ(wait_for(post(request)).status, 200);
    EXPECT_EQ(wait_for(post(request)).status, 401);
}

TEST_F(Endpoint, WhatIsSignedAndNoInteractionIsABadRequest) {
    make();
    EXPECT_EQ(wait_for(post(signed_request(R"({"type":2})"))).status, 400);
    EXPECT_EQ(endpoint->figures().unreadable, 1U);
}

TEST_F(Endpoint, TheFirstAnswerIsTheResponse) {
    make();
    const auto seen = post(signed_request(interaction(2)));
    ASSERT_THAT(taken, ElementsAre("1181122000000000001"));
    ASSERT_FALSE(seen->response);

    EXPECT_TRUE(responds[0](R"({"type":4,"data":{"content":"hello"}})"));
    EXPECT_FALSE(responds[0](R"({"type":4,"data":{"content":"again"}})"));

    EXPECT_EQ(wait_for(seen).status, 200);
    EXPECT_THAT(wait_for(seen).body, HasSubstr("hello"));
}

TEST_F(Endpoint, WhatIsNotAnsweredInTimeIsDeferred) {
    make(1ms);

    const auto command = post(signed_request(interaction(2)));
    EXPECT_EQ(wait_for(command).body, R"({"type":5})");
    EXPECT_TRUE(responds[0](R"({"type":5,"data":{"flags":64}})"));  // Discord was told the same
    EXPECT_FALSE(responds[0](R"({"type":4,"data":{}})"));

    EXPECT_EQ(wait_for(post(signed_request(interaction(3)))).body, R"({"type":6})");
    EXPECT_EQ(wait_for(post(signed_request(interaction(4)))).body,
              R"({"type":8,"data":{"choices":[]}})");
    EXPECT_FALSE(responds[2](R"({"type":8,"data":{"choices":[]}})"));
    EXPECT_EQ(endpoint->figures().deferred, 3U);
}

TEST_F(Endpoint, WithoutRoomItSaysSo) {
    make();
    has_room = false;

    EXPECT_EQ(wait_for(post(signed_request(interaction(2)))).status, 503);
    EXPECT_EQ(endpoint->figures().refused, 1U);
}

TEST_F(Endpoint, AnAnswerForAClientThatHasLeftIsTooLate) {
    make();
    const auto seen = post(signed_request(interaction(2)));

    gone();

    EXPECT_FALSE(responds[0](R"({"type":4,"data":{}})"));
    EXPECT_FALSE(seen->response);
}

TEST_F(Endpoint, CountsWhatItHasSeen) {
    make();
    (void)post(signed_request(interaction(1)));

    EXPECT_THAT(endpoint_metrics_text(endpoint->figures()),
                HasSubstr("tutti_interactions_http_total{signature=\"valid\"} 1\n"));
}

}  // namespace
}  // namespace tutti::services::bot::interactions
