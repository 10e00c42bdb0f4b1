-- ARGV: 1 jobId, 2 token, 3 call. A call's field is `?<token>` from its beginning, `!<token>` when
-- that was found by another attempt and counted as unknown, `=<answer>` in the end.
local record, field = record_of(ARGV[1]), 'paid:' .. ARGV[3]
if not is_held(record, ARGV[2]) then return {'LOST'} end
local known = redis.call('HGET', record, field)
if not known then
    redis.call('HSET', record, field, '?' .. ARGV[2])
    return {'BEGUN'}
end
local mark, rest = string.sub(known, 1, 1), string.sub(known, 2)
if mark == '=' then return {'STORED', rest} end
if mark == '?' then
    count('unknown', 1)
    redis.call('HSET', record, field, '!' .. rest)
end
return {'UNKNOWN'}
