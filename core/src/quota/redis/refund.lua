-- Units, and who had spent them.
give(tonumber(ARGV[8]))
spend(ARGV[9], -tonumber(ARGV[8]))
return answer(0)
