-- Stores what was loaded, and ends its claim. KEYS[4]: the value. ARGV: 2 `raw`, `framed` or `tagged`, 3 token,
-- 4 bytes, 5 time to live, 6 time to keep, 7 rank as 16 hexadecimal digits that order as the ranks do, or
-- `-`, 8 the age beyond which a higher rank yields, below zero always, 9 channel of the wakings,
-- 10 prefix, 11 the tags.
local key, token, bytes, fresh, life, rank = KEYS[4], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]

local claim = claim_of(key)
if not (claim.stands and claim.token == token) then return 'claim_lost' end

if not remember(ARGV[10]) then return 'prefixes' end

local since = tonumber(claim.at or 0)
if ARGV[2] == 'tagged' and invalidated_since(since, netstrings(ARGV[11])) then
    end_claim(key, claim, ARGV[9])
    return 'claim_lost'
end

-- Halves, because a number holds no 64 bits.
local function is_above(one, other)
    for from = 1, 9, 8 do
        local left = tonumber(string.sub(one, from, from + 7), 16)
        local right = tonumber(string.sub(other, from, from + 7), 16)
        if left ~= right then return left > right end
    end
    return false
end

if rank ~= '-' then
    local value = framed_value(key, ARGV[2])
    if value and is_hex(value.rank) and is_above(value.rank, rank)
        and value.age <= math.min(value.fresh, tonumber(ARGV[8])) then
        end_claim(key, claim, ARGV[9])
        return 'kept_better'
    end
end

local era = (ARGV[2] == 'tagged' and '2 ' or '1 ') .. epoch .. ' ' .. decimal(generation) .. ' '
if ARGV[2] == 'raw' then
    redis.call('SET', key, bytes, 'PX', life)
    redis.call('SET', 'tutti:value:' .. key,
        era .. fresh .. ' ' .. life .. ' ' .. redis.sha1hex(bytes), 'PX', life)
else
    local header = era .. rank .. ' ' .. fresh .. ' ' .. life
    if ARGV[2] == 'tagged' then
        header = header .. ' ' .. decimal(since) .. ' ' .. #ARGV[11] .. '\n' .. ARGV[11]
    else
        header = header .. '\n'
    end
    redis.call('SET', key, header .. bytes, 'PX', life)
end
end_claim(key, claim, ARGV[9])
return 'stored'
