-- ARGV: 1 jobId, 2 token, 3 completed, failed or retry, 4 result or cause, 5 the time as text, 6
-- ttl of an ended record (s), 7 attempts_max, 8 retry_after (ms), 9 lease (ms).
local id, status, text = ARGV[1], ARGV[3], ARGV[4]
local record = record_of(id)
if not is_held(record, ARGV[2]) then return 'LOST' end

if status == 'retry' then
    local attempts = tonumber(redis.call('HGET', record, 'attempts'))
    local lease = tonumber(ARGV[9])
    if attempts < tonumber(ARGV[7]) then
        free_ticket(redis.call('HGET', record, 'ticket'), lease,
            math.min(lease, ARGV[8] * 2 ^ (attempts - 1)))
        redis.call('HDEL', record, 'token', 'worker')
        redis.call('HSET', record, 'error', text)
        set_status(record, 'waiting')
        return 'RETRY'
    end
    leave_dead_letter(id, text, attempts)
    status = 'failed'
end
finish(id, status, text, ARGV[5], ARGV[6])
return 'ENDED'
