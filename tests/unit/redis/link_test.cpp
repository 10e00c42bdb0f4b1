// A link: what leaves when, and what is said about a connection that came to nothing.
#include "redis/link.hpp"

#include <gmock/gmock.h>

#include <optional>

#include "scripted_network.hpp"

namespace tutti::redis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RedisLink : public NetworkTest, protected Link::Owner {
protected:
    void make(const std::string& url = "redis://server:6379") {
        Link::Options options{.url = *Url::parse(url), .tls = nullptr, .limits = {}};
        // Only whether there is one is looked at.
        if (options.url.tls) options.tls = {std::shared_ptr<void>(), some_context()};
        (void)network().make_link(std::move(options), static_cast<Link::Owner&>(*this));
        link().connect();
    }
    static const TlsContext* some_context() {
        static const int context = 0;
        return reinterpret_cast<const TlsContext*>(&context);
    }
    [[nodiscard]] std::string cause_of_timeout() { return link().timed_out(2s).cause; }

    void on_connected() override { connected_ = true; }
    void on_reply(Reply reply) override {
        replies_.push_back(reply.text);
        if (closes_) link().close();
    }
    void on_closed(const Error& error) override { closed_ = error; }

    bool connected_ = false;
    bool closes_ = false;  // at the first reply
    std::vector<std::string> replies_;
    std::optional<Error> closed_;
};

TEST_F(RedisLink, WhatIsWrittenDuringAWriteLeavesAsOne) {
    make();
    link().accept();
    link().takes_by_itself = false;

    link().write("a");
    link().write("b");
    link().write("c");
    EXPECT_EQ(link().offered, "a");

    link().take(1);
    EXPECT_EQ(link().offered, "bc");
    link().take(1);
    EXPECT_EQ(link().offered, "c");
    link().take(1);
    EXPECT_EQ(link().heard, "abc");
}

TEST_F(RedisLink, APeerThatTakesMoreOfABlockedWriteLives) {
    make();
    link().accept();
    link().takes_by_itself = false;
    link().write("abc");
    clock_.advance(1s);
    link().take(1);
    EXPECT_EQ(clock_.now() - link().last_progress(), 1s);  // a buffer took it, maybe not the peer

    clock_.advance(1s);
    link().take(1);

    EXPECT_EQ(link().last_progress(), clock_.now());
}

TEST_F(RedisLink, IsNotConnectedBeforeTheServerHasProvenWhoItIs) {
    make("rediss://server:6379");

    link().accept();
    EXPECT_FALSE(connected_);
    EXPECT_TRUE(link().asked_to_secure);
    link().prove();

    EXPECT_TRUE(connected_);
}

TEST_F(RedisLink, RepliesComeInWhateverPiecesTheyArrive) {
    make();
    link().accept();

    for (const char byte : std::string("+one\r\n+two\r\n")) link().say({&byte, 1});
    link().say("+three\r\n+four\r\n+fi");

    EXPECT_EQ(replies_, (std::vector<std::string>{"one", "two", "three", "four"}));
}

TEST_F(RedisLink, AnOwnerWhoClosesItHearsNothingMore) {
    make();
    link().accept();
    closes_ = true;

    link().say("+one\r\n+two\r\n");

    EXPECT_EQ(replies_, std::vector<std::string>{"one"});
    EXPECT_FALSE(closed_);
}

TEST_F(RedisLink, SaysHowFarItCameWhenTimeIsUp) {
    make("rediss://server:6379");
    EXPECT_THAT(cause_of_timeout(), HasSubstr("could not be reached within 2000 ms"));
    link().accept();
    EXPECT_THAT(cause_of_timeout(), HasSubstr("did not answer the TLS handshake"));
    link().prove();
    EXPECT_THAT(cause_of_timeout(), HasSubstr("is it a Redis, and does it run?"));
}

TEST_F(RedisLink, AServerThatHangsUpBeforeItAnsweredMayExpectTls) {
    make();
    link().accept();

    link().break_off();

    EXPECT_EQ(closed_->code, Errc::unavailable);
    EXPECT_THAT(closed_->cause, HasSubstr("the URL must begin with rediss://"));
}

TEST_F(RedisLink, AServerThatHangsUpLaterDoesNot) {
    make();
    link().accept();
    link().say("+hello\r\n");

    link().break_off();

    EXPECT_THAT(closed_->cause, Not(HasSubstr("rediss")));
}

TEST_F(RedisLink, AServerThatHangsUpDuringTheTlsHandshakeMayNotSpeakIt) {
    make("rediss://server:6379");
    link().accept();

    link().break_off();

    EXPECT_THAT(closed_->cause, HasSubstr("does it speak TLS on this port?"));
}

TEST_F(RedisLink, ATlsAlertInsteadOfAnAnswerIsUnderstood) {
    make();
    link().accept();

    link().say("\x15\x03\x01");

    EXPECT_EQ(closed_->code, Errc::protocol);
    EXPECT_THAT(closed_->cause, HasSubstr("server:6379 expects TLS"));
}

TEST_F(RedisLink, WhatIsNoRedisIsLeft) {
    make();
    link().accept();

    link().say("HTTP/1.1 400 Bad Request\r\n");

    EXPECT_EQ(closed_->code, Errc::protocol);
    EXPECT_THAT(closed_->cause, HasSubstr("does not speak the Redis protocol"));
    EXPECT_TRUE(link().is_over());
}

}  // namespace
}  // namespace tutti::redis
