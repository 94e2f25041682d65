-- What the day has at least, and under which entry the difference is counted, with the process and without.
local before = count(KEYS[1])
local units = math.max(tonumber(ARGV[8]) - before, 0)
if units > 0 then
    set_count(1, before + units)
    spend(ARGV[9], ARGV[10], units)
end
return answer(units)
