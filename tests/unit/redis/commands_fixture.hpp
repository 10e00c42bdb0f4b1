// A command connection on a network on which the test is the server.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "redis/command.hpp"
#include "redis/command_connection.hpp"
#include "scripted_network.hpp"

namespace tutti::redis {

using Caller = CommandConnection::Caller;

class CommandsTest : public NetworkTest {
protected:
    void make(std::size_t commands_max = 100) {
        connection_ = std::make_shared<CommandConnection>(
            network(), CommandConnection::Options{.session = options(),
                                                  .stall_timeout = 1s,
                                                  .met = [this](const ServerFacts&) { ++met_; },
                                                  .commands_max = commands_max});
        connection_->start([this](const Result<ServerFacts>& first) {
            first_ = first ? first->version : first.error().message();
        });
    }
    void make_and_let_in() {
        make();
        let_in();
    }
    // Its answer will be told as "word: answer", or "word: error", or "word: error, unsent".
    void call(const std::string& word, Duration within = 10s, Caller caller = Caller::store,
              bool waits = false) {
        connection_->submit(
            {.operation = "redis test",
             .bytes = encode({word}),
             .deadline = clock_.now() + within,
             .caller = caller,
             .waits = waits},
            [this, word](const Result<Reply>& reply) {
                answers_.push_back(word + ": " + (reply ? reply->text : told(reply.error())));
            });
    }
    void submit(const std::string& word, Duration within = 10s, Caller caller = Caller::store,
                bool waits = false) {
        call(word, within, caller, waits);
        executor_.run_ready();
    }
    static std::string told(const Error& error) {
        return std::string(to_string(error.code)) + (error.unsent ? ", unsent" : "");
    }
    [[nodiscard]] std::vector<std::string> answers() { return std::exchange(answers_, {}); }

    std::shared_ptr<CommandConnection> connection_;
    std::string first_;
    int met_ = 0;
    std::vector<std::string> answers_;
};

}  // namespace tutti::redis
