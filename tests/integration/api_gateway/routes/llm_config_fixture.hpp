// What the tests of model configurations and of their choice share.
#pragma once

#include <string>

#include "common/domain/llm_config.hpp"
#include "integration/api_gateway/support.hpp"

namespace tutti::services::testing {

class LlmConfigTest : public BothDatabases {
protected:
    domain::LlmConfig create(const std::string& name, const std::string& more = "") {
        const auto response =
            call_as_owner("POST", "/admin/llm-config",
                          R"({"name":")" + name + R"(","model":"m/)" + name + '"' + more + '}');
        EXPECT_EQ(response.status, 201) << response.body;
        return read<domain::GetLlmConfigResponse>(response).config;
    }
    std::string names() {
        std::string text;
        for (const auto& config :
             read<domain::ListLlmConfigsResponse>(call("GET", "/admin/llm-config")).configs) {
            text += config.name + (config.is_default ? "*" : "") +
                    (config.is_free_default ? "+" : "") + ' ';
        }
        return text;
    }
    int make_default(const domain::LlmConfig& config, const std::string& which = "set-default") {
        return call_as_owner("PUT", "/admin/llm-config/" + config.id + '/' + which).status;
    }
};

}  // namespace tutti::services::testing
