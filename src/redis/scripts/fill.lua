-- Stores what was loaded, and ends its claim. KEYS[4]: the value. ARGV: 2 `raw` or `framed`, 3 token,
-- 4 bytes, 5 time to live, 6 time to keep, 7 rank as 16 hexadecimal digits that order as the ranks do, or
-- `-`, 8 the age beyond which a higher rank yields, below zero always, 9 channel of the wakings,
-- 10 prefix.
local key, token, bytes, fresh, life, rank = KEYS[4], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]

local claim = claim_of(key)
if not (claim.stands and claim.token == token) then return 'claim_lost' end

if not remember(ARGV[10]) then return 'prefixes' end

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
    local value = framed_value(key)
    if value and is_hex(value.rank) and is_above(value.rank, rank)
        and value.age <= math.min(value.fresh, tonumber(ARGV[8])) then
        end_claim(key, claim, ARGV[9])
        return 'kept_better'
    end
end

local tag = '1 ' .. epoch .. ' ' .. decimal(generation) .. ' '
if ARGV[2] == 'raw' then
    redis.call('SET', key, bytes, 'PX', life)
    redis.call('SET', 'tutti:value:' .. key,
        tag .. fresh .. ' ' .. life .. ' ' .. redis.sha1hex(bytes), 'PX', life)
else
    redis.call('SET', key, tag .. rank .. ' ' .. fresh .. ' ' .. life .. '\n' .. bytes, 'PX', life)
end
end_claim(key, claim, ARGV[9])
return 'stored'
