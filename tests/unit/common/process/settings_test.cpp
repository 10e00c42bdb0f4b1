#include "common/process/settings.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace tutti::services::process {
namespace {

using Variables = std::map<std::string, std::string>;

Result<Settings> parse(Variables variables) {
    variables.try_emplace("INTERNAL_SERVICE_SECRET", "a-secret-for-tests");
    return Settings::parse([&](const char* name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    });
}

TEST(Settings, DefaultsNeedOnlyASecret) {
    const auto settings = parse({});

    ASSERT_TRUE(settings);
    EXPECT_FALSE(settings->redis_url);
    EXPECT_EQ(settings->database_path, "./tutti.db");
    EXPECT_EQ(settings->gateway_url, "http://localhost:3000");
    EXPECT_EQ(settings->api_gateway_port, 3000);
    EXPECT_EQ(settings->bot_client_port, 3001);
    EXPECT_EQ(settings->ai_worker_port, 3002);
    EXPECT_EQ(settings->queue_name, "ai-requests");
    EXPECT_EQ(settings->openrouter_base_url, "https://openrouter.ai");
    EXPECT_EQ(settings->gateway_interactive.deadline, std::chrono::seconds(5));
    EXPECT_EQ(settings->gateway_background.deadline, std::chrono::seconds(10));
    EXPECT_EQ(settings->openrouter.deadline, std::chrono::seconds(30));
    EXPECT_EQ(settings->discord_cdn.concurrent_max, 8U);
    EXPECT_EQ(settings->discord_cdn.deadline, std::chrono::seconds(3));
    EXPECT_FALSE(settings->discord_cdn_base_url);
    EXPECT_FALSE(settings->attachment_dir);
    EXPECT_EQ(settings->worker_concurrency, 5U);
    EXPECT_FALSE(settings->auto_transcribe_voice);
    EXPECT_FALSE(settings->llm_base_url);
    EXPECT_TRUE(settings->internal_service_secret.matches("a-secret-for-tests"));
}

TEST(Settings, InstancesAndTheirWindowAreChecked) {
    const auto good = parse({{"INSTANCE_NAME", "api-gateway-2"}, {"DEDUP_WINDOW_SECONDS", "30"}});
    const auto wrong = parse({{"INSTANCE_NAME", "a b"}, {"DEDUP_WINDOW_SECONDS", "0"}});

    ASSERT_TRUE(good) << good.error().message();
    EXPECT_EQ(good->instance_name, "api-gateway-2");
    EXPECT_EQ(good->dedup_window, std::chrono::seconds(30));
    ASSERT_FALSE(wrong);
    for (const char* name : {"INSTANCE_NAME", "DEDUP_WINDOW_SECONDS"}) {
        EXPECT_TRUE(wrong.error().cause.contains(name)) << wrong.error().cause;
    }
}

TEST(Settings, AttachmentHostsAreOriginsAndReplaceTheUsualOnes) {
    EXPECT_EQ(parse({})->attachment_hosts,
              (std::vector<std::string>{"https://cdn.discordapp.com:443",
                                        "https://media.discordapp.net:443"}));
    const auto named =
        parse({{"ATTACHMENT_HOSTS", "cdn.example, files.example:8443,http://10.0.0.5:9000"},
               {"ATTACHMENT_NETWORKS", "10.0.0.0/8,127.0.0.1"}});

    ASSERT_TRUE(named) << named.error().message();
    EXPECT_EQ(named->attachment_hosts,
              (std::vector<std::string>{"https://cdn.example:443", "https://files.example:8443",
                                        "http://10.0.0.5:9000"}));
    ASSERT_EQ(named->attachment_networks.size(), 2U);
    EXPECT_TRUE(named->attachment_networks[0].contains("10.9.9.9"));
    EXPECT_FALSE(named->attachment_networks[1].contains("127.0.0.2"));
}

TEST(Settings, AttachmentHostsThatAreNoneAreRefused) {
    for (const char* wrong :
         {"cdn.example,", "a b", "cdn.example/path", "ftp://x", "user@x", "*"}) {
        const auto settings = parse({{"ATTACHMENT_HOSTS", wrong}});
        ASSERT_FALSE(settings) << wrong;
        EXPECT_TRUE(settings.error().cause.contains("ATTACHMENT_HOSTS has an element that"));
    }
    EXPECT_FALSE(parse({{"ATTACHMENT_NETWORKS", "10.0.0.0/33"}}));
    EXPECT_FALSE(parse({{"ATTACHMENT_NETWORKS", "localhost"}}));
}

TEST(Settings, LogIsTextOrJson) {
    EXPECT_EQ(parse({})->log_format, LogFormat::text);
    EXPECT_EQ(parse({{"LOG_FORMAT", "text"}})->log_format, LogFormat::text);
    EXPECT_EQ(parse({{"LOG_FORMAT", "json"}})->log_format, LogFormat::json);
    for (const char* wrong : {"JSON", "xml", "json "}) {
        const auto refused = parse({{"LOG_FORMAT", wrong}});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().cause, "LOG_FORMAT must be text or json");
    }
}

TEST(Settings, CollectorOfTracesIsAUrlWithoutAPassword) {
    EXPECT_FALSE(parse({})->otlp_endpoint);
    EXPECT_EQ(parse({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318/"}})->otlp_endpoint,
              "http://localhost:4318");
    EXPECT_FALSE(parse({{"OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"}}));
    EXPECT_FALSE(parse({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:secret@localhost"}}));
}

TEST(Settings, ModelsHaveEndpointsAndPoolsOfTheirOwn) {
    const auto usual = parse({});
    const auto set = parse({{"VISION_BASE_URL", "http://v/v1/"},
                            {"VISION_API_KEY", "sk-v"},
                            {"VISION_FALLBACK_MODEL", "a/b"},
                            {"TRANSCRIPTION_BASE_URL", "http://t/v1"},
                            {"TRANSCRIPTION_MODEL", "whisper-2"},
                            {"HTTP_VISION_CONCURRENCY", "3"}});

    ASSERT_TRUE(usual && set);
    EXPECT_FALSE(usual->vision_base_url);
    EXPECT_EQ(usual->llm.deadline, std::chrono::seconds(180));
    EXPECT_EQ(usual->vision.deadline, std::chrono::seconds(90));
    EXPECT_EQ(usual->transcription.deadline, std::chrono::seconds(180));
    EXPECT_EQ(usual->attachments.deadline, std::chrono::seconds(30));
    EXPECT_EQ(usual->vision_fallback_model, "qwen/qwen3-vl-235b-a22b-instruct");
    EXPECT_EQ(set->vision_base_url, "http://v/v1");
    EXPECT_EQ(set->vision_api_key->reveal(), "sk-v");
    EXPECT_EQ(set->vision_fallback_model, "a/b");
    EXPECT_EQ(set->transcription_model, "whisper-2");
    EXPECT_EQ(set->vision.concurrent_max, 3U);
}

TEST(Settings, EmptyCountsAsUnset) {
    const auto settings =
        parse({{"REDIS_URL", ""}, {"DATABASE_URL", ""}, {"API_GATEWAY_PORT", ""}});

    ASSERT_TRUE(settings);
    EXPECT_FALSE(settings->redis_url);
    EXPECT_EQ(settings->database_path, "./tutti.db");
    EXPECT_EQ(settings->api_gateway_port, 3000);
}

TEST(Settings, MissingOrEmptySecretIsRefused) {
    const auto settings = parse({{"INTERNAL_SERVICE_SECRET", ""}});

    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().code, Errc::invalid_option);
    EXPECT_TRUE(settings.error().cause.contains("INTERNAL_SERVICE_SECRET is not set"));
}

TEST(Settings, DatabaseMayBeAPathOrAUrlOfSqlite) {
    EXPECT_EQ(parse({{"DATABASE_URL", "sqlite:./x.db"}})->database_path, "./x.db");
    EXPECT_EQ(parse({{"DATABASE_URL", "/var/lib/x.db"}})->database_path, "/var/lib/x.db");
    EXPECT_EQ(parse({{"DATABASE_URL", "sqlite:///var/lib/x.db"}})->database_path, "/var/lib/x.db");
}

TEST(Settings, DatabaseThatIsNeitherAUrlNorAPathIsRefusedWithWhatWouldBeOne) {
    for (const char* wrong : {"nonsense", "tutti.db", "SQLITE:x.db", "file:x.db?mode=ro",
                              "postgress://u:hidden@h/d", "Postgres://u:hidden@h/d"}) {
        const auto settings = parse({{"DATABASE_URL", wrong}});

        ASSERT_FALSE(settings) << wrong;
        EXPECT_TRUE(settings.error().cause.contains("DATABASE_URL must be postgres://"));
        EXPECT_TRUE(settings.error().cause.contains("sqlite:<path>"));
        EXPECT_FALSE(settings.error().cause.contains(wrong));
    }
    EXPECT_EQ(parse({{"DATABASE_URL", "./x.db"}})->database_path, "./x.db");
    EXPECT_EQ(parse({{"DATABASE_URL", "../x.db"}})->database_path, "../x.db");
    EXPECT_EQ(parse({{"DATABASE_URL", "sqlite:x.db"}})->database_path, "x.db");
}

TEST(Settings, UrlThatNobodyCanCallIsRefused) {
    for (const char* url : {"http://x/%zz\"", "http://x/%4", "http://x/a|b", "http://"}) {
        EXPECT_FALSE(parse({{"PUBLIC_GATEWAY_URL", url}})) << url;
    }
    EXPECT_TRUE(parse({{"PUBLIC_GATEWAY_URL", "http://x/a%20b"}}));
}

TEST(Settings, DatabaseMayBePostgresqlAndItsUrlIsASecret) {
    for (const char* url : {"postgres://u:hidden@h/d", "postgresql://u:hidden@h/d"}) {
        const auto settings = parse({{"DATABASE_URL", url}});
        ASSERT_TRUE(settings);
        ASSERT_TRUE(settings->postgres_url);
        EXPECT_EQ(settings->postgres_url->reveal(), url);
    }
    EXPECT_FALSE(parse({})->postgres_url);
    const auto wrong = parse({{"DATABASE_URL", "postgres://u:hidden@h/d x"}});
    ASSERT_FALSE(wrong);
    EXPECT_TRUE(wrong.error().cause.contains("DATABASE_URL"));
    EXPECT_FALSE(wrong.error().cause.contains("hidden"));
}

TEST(Settings, ASecretThatCanBeGuessedIsRefused) {
    for (const char* guessed : {"q", "password", "fifteen-letters"}) {
        const auto settings = parse({{"INTERNAL_SERVICE_SECRET", guessed}});
        ASSERT_FALSE(settings) << guessed;
        EXPECT_TRUE(settings.error().cause.contains("16 characters or more"));
        EXPECT_FALSE(settings.error().cause.contains(guessed));
    }
    EXPECT_TRUE(parse({{"INTERNAL_SERVICE_SECRET", "sixteen-letters!"}}));
}

TEST(Settings, AllProblemsAreReportedAtOnceAndNoValueIsRepeated) {
    const auto settings = parse({{"REDIS_URL", "http://:hidden@host"},
                                 {"DATABASE_URL", "mysql://hidden"},
                                 {"GATEWAY_URL", "ftp://hidden"},
                                 {"API_GATEWAY_PORT", "65536"},
                                 {"BOT_CLIENT_PORT", "80x"},
                                 {"AI_WORKER_PORT", "-1"},
                                 {"INTERNAL_SERVICE_SECRET", "hidden secret"},
                                 {"BOT_OWNER_ID", "hidden"},
                                 {"WORKER_CONCURRENCY", "0"},
                                 {"QUEUE_NAME", "hidden name"},
                                 {"LISTEN_ADDRESS", "hidden"},
                                 {"OPENROUTER_BASE_URL", "http://user:hidden@host"},
                                 {"HTTP_GATEWAY_INTERACTIVE_CONCURRENCY", "0"},
                                 {"HTTP_GATEWAY_BACKGROUND_QUEUE", "-1"},
                                 {"HTTP_OPENROUTER_DEADLINE_MS", "0"},
                                 {"AUTO_TRANSCRIBE_VOICE", "yes"},
                                 {"LLM_BASE_URL", "https://hidden:99999"}});

    ASSERT_FALSE(settings);
    for (const char* name :
         {"REDIS_URL", "DATABASE_URL", "GATEWAY_URL", "API_GATEWAY_PORT", "BOT_CLIENT_PORT",
          "AI_WORKER_PORT", "INTERNAL_SERVICE_SECRET", "BOT_OWNER_ID", "WORKER_CONCURRENCY",
          "AUTO_TRANSCRIBE_VOICE", "LLM_BASE_URL", "LISTEN_ADDRESS", "QUEUE_NAME",
          "OPENROUTER_BASE_URL", "HTTP_GATEWAY_INTERACTIVE_CONCURRENCY",
          "HTTP_GATEWAY_BACKGROUND_QUEUE", "HTTP_OPENROUTER_DEADLINE_MS"}) {
        EXPECT_TRUE(settings.error().cause.contains(std::string(name) + ' ')) << name;
    }
    EXPECT_FALSE(settings.error().cause.contains("hidden"));
}

TEST(Settings, EachPoolHasItsOwnBounds) {
    const auto settings = parse({{"HTTP_GATEWAY_INTERACTIVE_CONCURRENCY", "7"},
                                 {"HTTP_GATEWAY_BACKGROUND_QUEUE", "0"},
                                 {"HTTP_OPENROUTER_DEADLINE_MS", "1500"},
                                 {"OPENROUTER_BASE_URL", "http://127.0.0.1:3009/"},
                                 {"HTTP_DISCORD_CDN_CONCURRENCY", "3"},
                                 {"DISCORD_CDN_BASE_URL", "http://127.0.0.1:3009/"},
                                 {"ATTACHMENT_DIR", "/data/temp-attachments"},
                                 {"QUEUE_NAME", "ai-requests:test"},
                                 {"LISTEN_ADDRESS", "::1"}});

    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->gateway_interactive.concurrent_max, 7U);
    EXPECT_EQ(settings->gateway_background.concurrent_max, 16U);
    EXPECT_EQ(settings->gateway_background.queued_max, 0U);
    EXPECT_EQ(settings->openrouter.deadline, std::chrono::milliseconds(1500));
    EXPECT_EQ(settings->openrouter_base_url, "http://127.0.0.1:3009");
    EXPECT_EQ(settings->discord_cdn.concurrent_max, 3U);
    EXPECT_EQ(settings->discord_cdn_base_url, "http://127.0.0.1:3009");
    EXPECT_EQ(settings->attachment_dir, "/data/temp-attachments");
    EXPECT_EQ(settings->queue_name, "ai-requests:test");
    EXPECT_EQ(settings->listen_address, "::1");
}

TEST(Settings, ValuesArrive) {
    const auto settings = parse({{"REDIS_URL", "redis://127.0.0.1:6379"},
                                 {"GATEWAY_URL", "http://10.0.0.1:3000/"},
                                 {"API_GATEWAY_PORT", "0"},
                                 {"BOT_OWNER_ID", "42"},
                                 {"AUTO_TRANSCRIBE_VOICE", "true"},
                                 {"LLM_BASE_URL", "https://llm.example/v1"},
                                 {"LLM_MODEL", "m"},
                                 {"LLM_API_KEY", "k"}});

    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->redis_url, "redis://127.0.0.1:6379");
    EXPECT_EQ(settings->gateway_url, "http://10.0.0.1:3000");
    EXPECT_EQ(settings->api_gateway_port, 0);
    EXPECT_EQ(settings->bot_owner_id, "42");
    EXPECT_TRUE(settings->auto_transcribe_voice);
    EXPECT_EQ(settings->llm_base_url, "https://llm.example/v1");
    EXPECT_EQ(settings->llm_model, "m");
    EXPECT_EQ(settings->llm_api_key->reveal(), "k");
}

TEST(Settings, DiscordsTokenGoesNowhereInTheClear) {
    const auto usual = parse({});
    const auto here = parse(
        {{"DISCORD_API_URL", "http://127.0.0.1:4000/api/v10/"}, {"HTTP_DISCORD_CONCURRENCY", "3"}});
    const auto wrong = parse({{"DISCORD_API_URL", "http://discord.example/api/v10"}});

    ASSERT_TRUE(usual);
    EXPECT_EQ(usual->discord_api_url, "https://discord.com/api/v10");
    ASSERT_TRUE(here) << here.error().message();
    EXPECT_EQ(here->discord_api_url, "http://127.0.0.1:4000/api/v10");
    EXPECT_EQ(here->discord.concurrent_max, 3U);
    ASSERT_FALSE(wrong);
    EXPECT_TRUE(wrong.error().cause.contains("DISCORD_API_URL must begin with https://"))
        << wrong.error().cause;
}

TEST(Settings, AShardIsToldWithTheCount) {
    const auto told = parse({{"SHARD_ID", "3"}, {"SHARD_COUNT", "4"}});
    const auto shared = parse({{"SHARD_COUNT", "16"}, {"SHARD_LEASE_SECONDS", "30"}});
    const auto without = parse({{"SHARD_ID", "0"}});
    const auto beyond = parse({{"SHARD_ID", "4"}, {"SHARD_COUNT", "4"}});
    const auto none = parse({{"SHARD_COUNT", "0"}});

    ASSERT_TRUE(told);
    EXPECT_EQ(told->shard_id, 3U);
    EXPECT_EQ(told->shard_count, 4U);
    ASSERT_TRUE(shared);
    EXPECT_EQ(shared->shard_id, std::nullopt);
    EXPECT_EQ(shared->shard_count, 16U);
    EXPECT_EQ(shared->shard_lease, std::chrono::seconds(30));
    EXPECT_TRUE(without.error().cause.contains("SHARD_ID is set, and SHARD_COUNT is not"));
    EXPECT_TRUE(beyond.error().cause.contains("SHARD_ID must be less than SHARD_COUNT"));
    EXPECT_TRUE(none.error().cause.contains("SHARD_COUNT must be a number from 1 to 1024"));
}

TEST(Settings, ThePublicKeyIsThatOfThePortal) {
    const std::string key(64, 'a');

    EXPECT_EQ(parse({{"DISCORD_PUBLIC_KEY", key}})->discord_public_key, key);
    for (const std::string& wrong : {key + "a", std::string("abc"), std::string(64, 'g')}) {
        EXPECT_TRUE(parse({{"DISCORD_PUBLIC_KEY", wrong}})
                        .error()
                        .cause.contains("DISCORD_PUBLIC_KEY must be the 64 hexadecimal digits"));
    }
}

TEST(Settings, CommandsAreToldUnlessThatIsSwitchedOff) {
    EXPECT_TRUE(parse({})->auto_deploy_commands);
    EXPECT_FALSE(parse({{"AUTO_DEPLOY_COMMANDS", "false"}})->auto_deploy_commands);
}

}  // namespace
}  // namespace tutti::services::process
