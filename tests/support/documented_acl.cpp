#include "support/documented_acl.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace tests {
namespace {

std::string operations() {
    std::ifstream file(std::filesystem::path(TUTTI_SOURCE_FOLDER) / "docs/operations.md");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string between(const std::string& text, std::string_view begin, std::string_view end) {
    const std::size_t from = text.find(begin);
    const std::size_t to = from == std::string::npos ? from : text.find(end, from);
    if (to == std::string::npos) {
        throw std::runtime_error("docs/operations.md no longer says '" + std::string(begin) + "'");
    }
    return text.substr(from, to - from);
}

// "+get", "~tutti:*", "&cache:*"; a blank to fill in is none.
std::vector<std::string> rules_in(const std::string& text) {
    std::vector<std::string> rules;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        const bool rule = std::string_view("+~&").contains(word.front());
        if (rule && !word.starts_with("~<the")) rules.push_back(word);
    }
    return rules;
}

std::string in_backticks(const std::string& text) {
    std::string code;
    bool inside = false;
    for (const char c : text) {
        if (c == '`') inside = !inside;
        if (inside || c == '`') code += c == '`' ? ' ' : c;
    }
    return code;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
        text.replace(at, what.size(), with);
        at += with.size();
    }
    return text;
}

}  // namespace

DocumentedAcl documented_acl(std::string_view queue_name) {
    const std::string text = operations();
    const std::string services =
        in_backticks(between(text, "The services tell each other", "\n\n"));
    return {.node = rules_in(between(text, "ACL SETUSER <user> on", "```")),
            .services = rules_in(replaced(services, "<QUEUE_NAME>", queue_name))};
}

}  // namespace tests
