#include "common/http/router.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace tutti::services::http {
namespace {

Handler answer(std::string text) {
    return [text](const Request&) { return text_response(200, text); };
}

Router channels() {
    Router router;
    router.add("GET", "/channel/list", answer("list"))
        .add("GET", "/channel/:id",
             [](const Request& r) { return text_response(200, "one " + r.parameter("id")); })
        .add("POST", "/channel/:id/part/:part",
             [](const Request& r) {
                 return text_response(200, r.parameter("id") + '+' + r.parameter("part"));
             })
        .add("GET", "/", answer("root"));
    return router;
}

TEST(Router, FirstMatchingRouteWins) {
    EXPECT_EQ(channels().handle({.path = "/channel/list"}).body, "list");
    EXPECT_EQ(channels().handle({.path = "/channel/7"}).body, "one 7");
    EXPECT_EQ(channels().handle({.path = "/"}).body, "root");
}

TEST(Router, SeveralParametersAreFilled) {
    EXPECT_EQ(channels().handle({.method = "POST", .path = "/channel/a/part/b"}).body, "a+b");
}

TEST(Router, DeferredResponsePassesThrough) {
    Router router;
    router.add("GET", "/later", [](const Request&) {
        return deferred_response([](const Answer& give) {
            give(text_response(200, "at last"));
            return nullptr;
        });
    });
    Response given;

    const auto response = router.handle({.path = "/later"});
    ASSERT_TRUE(response.later);
    (void)response.later([&](Response last) { given = std::move(last); });

    EXPECT_EQ(given.body, "at last");
}

TEST(Router, ParametersAreDecodedAfterSplitting) {
    EXPECT_EQ(channels().handle({.path = "/channel/a%2Fb%20c"}).body, "one a/b c");
}

TEST(Router, WrongEncodingIsABadRequest) {
    for (const char* path : {"/channel/%", "/channel/%4", "/channel/%zz"}) {
        EXPECT_EQ(channels().handle({.path = path}).status, 400) << path;
    }
}

TEST(Router, HeadUsesTheGetRoute) {
    EXPECT_EQ(channels().handle({.method = "HEAD", .path = "/channel/list"}).status, 200);
}

TEST(Router, NothingMatchesIsNotFound) {
    for (const char* path : {"/channel", "/channel/", "/channel/1/2", "/Channel/1", "", "x"}) {
        const auto response = channels().handle({.path = path});
        EXPECT_EQ(response.status, 404) << path;
        EXPECT_TRUE(response.body.contains("NOT_FOUND")) << path;
    }
    EXPECT_EQ(channels().handle({.method = "DELETE", .path = "/channel/1"}).status, 404);
}

TEST(Router, HeadAloneLetsARequestInAndSaysHowItIsRun) {
    Router router;
    router.add("POST", "/upload/:name", answer("uploaded"),
               {.kind = RouteKind::open, .guard = {}, .body_bytes_max = 100});
    Request head{.method = "POST", .path = "/upload/a%20b"};

    const auto admitted = router.admit(head);

    ASSERT_EQ(admitted.index(), 0U);
    const auto& terms = *std::get<0>(admitted);
    EXPECT_EQ(terms.kind, RouteKind::open);
    EXPECT_EQ(terms.body_bytes_max, 100U);
    EXPECT_EQ(terms.handler(head).body, "uploaded");
    EXPECT_EQ(head.parameter("name"), "a b");
}

TEST(Router, GuardRefusesByTheHeadAndTheHandlerIsNotAsked) {
    Router router;
    const auto guard = [](const Request& head) {
        return head.headers.find("X-Secret") ? std::nullopt
                                             : std::optional(text_response(403, "no"));
    };
    router.add("GET", "/inside", answer("inside"), {.guard = guard});
    Request stranger{.path = "/inside"};
    Request nowhere{.path = "/elsewhere"};

    EXPECT_EQ(std::get<Response>(router.admit(stranger)).status, 403);
    EXPECT_EQ(std::get<Response>(router.admit(nowhere)).status, 404);
    EXPECT_EQ(router.handle({.path = "/inside"}).status, 403);
    EXPECT_EQ(router.handle({.path = "/inside", .headers = {{"X-Secret", "1"}}}).body, "inside");
}

}  // namespace
}  // namespace tutti::services::http
