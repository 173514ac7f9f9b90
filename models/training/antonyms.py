"""Words and what says the opposite, to ask for what a text does not say."""

from collections import defaultdict

PAIRS = """
above/below accept/reject accepted/rejected acquire/sell added/removed advantage/disadvantage advantages/disadvantages after/before agree/disagree agreed/disagreed
allow/forbid allowed/forbidden allows/prevents always/never ancient/modern approved/rejected arrive/leave arrived/left artificial/natural
attack/defend attacked/defended bad/good banned/permitted beautiful/ugly began/ended begin/end beginning/end benefit/harm best/worst better/worse
big/small bigger/smaller biggest/smallest birth/death born/died bottom/top bought/sold buy/sell cause/prevent caused/prevented causes/prevents
cheap/expensive civilian/military cold/hot colder/warmer coldest/hottest common/rare created/destroyed dark/light daughter/son day/night
death/birth decline/growth declined/grew decrease/increase decreased/increased decreases/increases decreasing/increasing deepest/shallowest defeat/victory
defeated/lost dependent/independent died/survived different/same difficult/easy discouraged/encouraged domestic/foreign dry/wet earlier/later
earliest/latest early/late easiest/hardest easy/hard emperor/peasant empty/full enemy/ally enter/leave entered/left expand/shrink
expanded/shrank export/import exports/imports external/internal fail/succeed failed/succeeded failure/success failures/successes fall/rise
false/true famous/unknown fast/slow faster/slower fastest/slowest father/mother female/male fewer/more fewest/most final/initial first/last
followed/preceded former/latter founded/dissolved gain/lose gained/lost gave/took give/take given/taken guilty/innocent happy/sad harmful/harmless
hated/loved heavy/light heavier/lighter hide/reveal high/low higher/lower highest/lowest husband/wife illegal/legal improve/worsen improved/worsened
include/exclude included/excluded includes/excludes independence/dependence indoor/outdoor inner/outer inside/outside join/leave joined/left
king/queen large/small larger/smaller largest/smallest least/most leader/follower less/more liberal/conservative like/dislike likely/unlikely
living/dead local/foreign long/short longer/shorter longest/shortest lose/win losing/winning loss/victory lost/won love/hate lower/upper
major/minor majority/minority male/female man/woman maximum/minimum men/women modern/traditional multiple/single near/far negative/positive
new/old newer/older newest/oldest non-religious/religious northern/southern obey/disobey often/rarely official/unofficial old/young older/younger
oldest/youngest open/closed opened/closed oppose/support opposed/supported opposes/supports parents/children peace/war permanent/temporary
poor/rich poorest/richest popular/unpopular powerful/weak praise/criticism praised/criticized presence/absence present/absent private/public
profit/loss prohibited/permitted protect/endanger quickly/slowly raise/lower raised/lowered received/sent reduce/increase reduced/increased
reject/accept remain/leave remember/forget resigned/appointed safe/dangerous sell/buy separate/unite separated/united simple/complex slave/master
small/big smart/stupid solid/liquid son/daughter started/stopped start/stop starts/stops strengthen/weaken strong/weak stronger/weaker strongest/weakest
succeeded/preceded successful/unsuccessful sunrise/sunset tall/short taller/shorter tallest/shortest teach/learn teacher/student teachers/students thick/thin
unable/able urban/rural useful/useless usual/unusual victory/defeat visible/invisible weakness/strength weaknesses/strengths wealthy/poor
west/east western/eastern wide/narrow wider/narrower widest/narrowest win/lose winner/loser winter/summer within/outside won/lost wrong/right
"""
ANTONYMS = defaultdict(list)
for pair in PAIRS.split():
    one, other = pair.split("/")
    for word, opposite in ((one, other), (other, one)):
        if opposite not in ANTONYMS[word]:
            ANTONYMS[word].append(opposite)
