// `tutti doctor` as an operator types it, on real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "support/certificates.hpp"
#include "support/redis_server.hpp"
#include "tutti/doctor.hpp"

namespace tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Ended {
    int code = 0;
    std::string out;
    std::string err;
};

Ended doctor(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "doctor");
    std::ostringstream out;
    std::ostringstream err;
    const int code = tutti::cli::run(
        arguments, out, err,
        {.catalogue = {}, .document = {}, .fetch = {}, .diagnose = tutti::diagnose});
    EXPECT_THAT(out.str() + err.str(), Not(HasSubstr("s3cret")));
    return {.code = code, .out = out.str(), .err = err.str()};
}

TEST(DoctorCommand, APlainServerIsFine) {
    RedisServer server({.config = {"requirepass s3cret"}, .password = "s3cret"});

    const Ended ended = doctor({server.url(), "--keys", "shop:", "--keys", "jobs:"});

    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, AllOf(HasSubstr("ACL SETUSER <user> +"), HasSubstr("~jobs:* ~shop:*"),
                                 HasSubstr("maxmemory-policy"), HasSubstr("redis://:***@")));
}

TEST(DoctorCommand, ARestrictedUserIsAProblem) {
    RedisServer server;
    server.command({"ACL", "SETUSER", "bot", "on", ">s3cret", "+info", "~*", "&*"});

    const Ended ended = doctor({"redis://bot:s3cret@127.0.0.1:" + std::to_string(server.port())});

    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.out, AllOf(HasSubstr("problem  permissions"), HasSubstr("unknown"),
                                 HasSubstr("+config|get")));
}

TEST(DoctorCommand, OverTlsAsJson) {
    const RedisServer folder;
    CertificateAuthority authority(folder.folder());
    const auto files = authority.issue("server", "IP:127.0.0.1");
    const std::string port = std::to_string(free_port());
    RedisServer server(
        {.config = {"tls-port " + port, "tls-cert-file " + files.certificate,
                    "tls-key-file " + files.key, "tls-ca-cert-file " + authority.file(),
                    "tls-auth-clients no", "requirepass s3cret"},
         .password = "s3cret"});

    const Ended ended =
        doctor({"--json", "rediss://:s3cret@127.0.0.1:" + port + "?ca=" + authority.file()});

    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, AllOf(StartsWith("{\"server\":\"rediss://:***@127.0.0.1:"),
                                 HasSubstr("\"worst\":\"ok\""),
                                 HasSubstr("\"subject\":\"connection\",\"found\":\"TLS\"")));
}

TEST(DoctorCommand, AWrongAddressIsNoDiagnosis) {
    const Ended ended = doctor({"redis://:s3cret@127.0.0.1:" + std::to_string(free_port())});

    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.out, "");
    EXPECT_THAT(ended.err, HasSubstr("refused the connection"));
}

}  // namespace
}  // namespace tests
