-- Stores values of one cache that were loaded, and ends their claims. KEYS from 4: the values. ARGV: 2 `raw`, `framed`
-- or `tagged`, 3 channel of the wakings, 4 prefix; from 5 on seven of each key: token, bytes, time to live, time to
-- keep, rank as 16 hexadecimal digits that order as the ranks do, or `-`, the age beyond which a higher rank yields,
-- below zero always, and the tags. Returns of each key what became of it.
local form, wakings, prefix = ARGV[2], ARGV[3], ARGV[4]
local era = (form == 'tagged' and '2 ' or '1 ') .. epoch .. ' ' .. decimal(generation) .. ' '

-- Halves, because a number holds no 64 bits.
local function is_above(one, other)
    for from = 1, 9, 8 do
        local left = tonumber(string.sub(one, from, from + 7), 16)
        local right = tonumber(string.sub(other, from, from + 7), 16)
        if left ~= right then return left > right end
    end
    return false
end

local function set(key, bytes, fresh, life, rank, since, tags)
    if form == 'raw' then
        redis.call('SET', key, bytes, 'PX', life)
        redis.call('SET', 'tutti:value:' .. key,
            era .. fresh .. ' ' .. life .. ' ' .. redis.sha1hex(bytes), 'PX', life)
        return
    end
    local header = era .. rank .. ' ' .. fresh .. ' ' .. life
    if form == 'tagged' then
        header = header .. ' ' .. decimal(since) .. ' ' .. #tags .. '\n' .. tags
    else
        header = header .. '\n'
    end
    redis.call('SET', key, header .. bytes, 'PX', life)
end

local function fill(key, token, bytes, fresh, life, rank, yields_after, tags)
    local claim = claim_of(key)
    if not (claim.stands and claim.token == token) then return 'claim_lost' end

    if not remember(prefix) then return 'prefixes' end

    local since = tonumber(claim.at or 0)
    local names = form == 'tagged' and assert(netstrings(tags)) or {}
    if #names > 0 and tag_versions().invalidated_since(since, names) then
        end_claim(key, claim, wakings)
        return 'claim_lost'
    end

    if rank ~= '-' then
        local value = framed_value(key, form)
        if value and is_hex(value.rank) and is_above(value.rank, rank)
            and value.age <= math.min(value.fresh, tonumber(yields_after)) then
            end_claim(key, claim, wakings)
            return 'kept_better'
        end
    end

    set(key, bytes, fresh, life, rank, since, tags)
    end_claim(key, claim, wakings)
    return 'stored'
end

local answers = {}
for i = 4, #KEYS do
    local at = 7 * i - 23  -- of the token
    answers[i - 3] = fill(KEYS[i], ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4],
        ARGV[at + 5], ARGV[at + 6])
end
return answers
