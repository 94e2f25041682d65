-- The id of the lease; then each entry, with the process and without, and the units that it has spent.
local units = redis.call('HGET', LEASES, ARGV[8])
if not units then
    -- It may come later than this, and then begins no more.
    redis.call('HSET', LEASES, ARGV[8], '0')
    expire(LEASES)
elseif units ~= '0' then
    redis.call('HDEL', LEASES, ARGV[8])
    local rest = number(units, LEASES)
    for index = 9, #ARGV, 3 do
        local spent = tonumber(ARGV[index + 2])
        rest = rest - spent
        spend(ARGV[index], ARGV[index + 1], spent)
    end
    if rest > 0 then
        give(rest)
    end
end
return answer(0)
