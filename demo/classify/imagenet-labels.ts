// Five a line: the first of line n, counted from 0, is class 5 n.
const names = `
tench, goldfish, great white shark, tiger shark, hammerhead
electric ray, stingray, cock, hen, ostrich
brambling, goldfinch, house finch, junco, indigo bunting
robin, bulbul, jay, magpie, chickadee
dipper, kite (bird), bald eagle, vulture, great grey owl
European fire salamander, common newt, eft, spotted salamander, axolotl
bullfrog, tree frog, tailed frog, loggerhead turtle, leatherback turtle
mud turtle, terrapin, box turtle, banded gecko, common iguana
American chameleon, whiptail, agama, frilled lizard, alligator lizard
Gila monster, green lizard, African chameleon, Komodo dragon, African crocodile
American alligator, triceratops, thunder snake, ringneck snake, hognose snake
green snake, king snake, garter snake, water snake, vine snake
night snake, boa constrictor, rock python, Indian cobra, green mamba
sea snake, horned viper, diamondback, sidewinder, trilobite
harvestman, scorpion, black and gold garden spider, barn spider, garden spider
black widow, tarantula, wolf spider, tick, centipede
black grouse, ptarmigan, ruffed grouse, prairie chicken, peacock
quail, partridge, African grey, macaw, sulphur-crested cockatoo
lorikeet, coucal, bee eater, hornbill, hummingbird
jacamar, toucan, drake, red-breasted merganser, goose
black swan, tusker, echidna, platypus, wallaby
koala, wombat, jellyfish, sea anemone, brain coral
flatworm, nematode, conch, snail, slug
sea slug, chiton, chambered nautilus, Dungeness crab, rock crab
fiddler crab, king crab, American lobster, spiny lobster, crayfish
hermit crab, isopod, white stork, black stork, spoonbill
flamingo, little blue heron, American egret, bittern, crane (bird)
limpkin, European gallinule, American coot, bustard, ruddy turnstone
red-backed sandpiper, redshank, dowitcher, oystercatcher, pelican
king penguin, albatross, grey whale, killer whale, dugong
sea lion, Chihuahua, Japanese spaniel, Maltese dog, Pekinese
Shih-Tzu, Blenheim spaniel, papillon, toy terrier, Rhodesian ridgeback
Afghan hound, basset hound, beagle, bloodhound, bluetick
black-and-tan coonhound, Walker hound, English foxhound, redbone, borzoi
Irish wolfhound, Italian greyhound, whippet, Ibizan hound, Norwegian elkhound
otterhound, Saluki, Scottish deerhound, Weimaraner, Staffordshire bull terrier
American Staffordshire terrier, Bedlington terrier, Border terrier, Kerry blue terrier, Irish terrier
Norfolk terrier, Norwich terrier, Yorkshire terrier, wire-haired fox terrier, Lakeland terrier
Sealyham terrier, Airedale terrier, cairn terrier, Australian terrier, Dandie Dinmont terrier
Boston terrier, miniature schnauzer, giant schnauzer, standard schnauzer, Scottish terrier
Tibetan terrier, silky terrier, soft-coated wheaten terrier, West Highland white terrier, Lhasa apso
flat-coated retriever, curly-coated retriever, golden retriever, Labrador retriever, Chesapeake Bay retriever
German short-haired pointer, vizsla, English setter, Irish setter, Gordon setter
Brittany spaniel, clumber spaniel, English springer spaniel, Welsh springer spaniel, cocker spaniel
Sussex spaniel, Irish water spaniel, kuvasz, schipperke, groenendael
malinois, briard, kelpie, komondor, Old English sheepdog
Shetland sheepdog, collie, Border collie, Bouvier des Flandres, Rottweiler
German shepherd, Doberman, miniature pinscher, Greater Swiss Mountain dog, Bernese mountain dog
Appenzeller, EntleBucher, boxer, bull mastiff, Tibetan mastiff
French bulldog, Great Dane, Saint Bernard, Eskimo dog, malamute
Siberian husky, dalmatian, affenpinscher, basenji, pug
Leonberg, Newfoundland, Great Pyrenees, Samoyed, Pomeranian
chow chow, keeshond, Brabancon griffon, Pembroke Welsh corgi, Cardigan Welsh corgi
toy poodle, miniature poodle, standard poodle, Mexican hairless, grey wolf
Arctic wolf, red wolf, coyote, dingo, dhole
African hunting dog, hyena, red fox, kit fox, Arctic fox
grey fox, tabby cat, tiger cat, Persian cat, Siamese cat
Egyptian cat, cougar, lynx, leopard, snow leopard
jaguar, lion, tiger, cheetah, brown bear
American black bear, polar bear, sloth bear, mongoose, meerkat
tiger beetle, ladybug, ground beetle, long-horned beetle, leaf beetle
dung beetle, rhinoceros beetle, weevil, fly, bee
ant, grasshopper, cricket, stick insect, cockroach
mantis, cicada, leafhopper, lacewing, dragonfly
damselfly, admiral, ringlet, monarch butterfly, cabbage butterfly
sulphur butterfly, lycaenid butterfly, starfish, sea urchin, sea cucumber
cottontail rabbit, hare, Angora rabbit, hamster, porcupine
fox squirrel, marmot, beaver, guinea pig, sorrel
zebra, hog, wild boar, warthog, hippopotamus
ox, water buffalo, bison, ram, bighorn
ibex, hartebeest, impala, gazelle, Arabian camel
llama, weasel, mink, polecat, black-footed ferret
otter, skunk, badger, armadillo, three-toed sloth
orangutan, gorilla, chimpanzee, gibbon, siamang
guenon, patas, baboon, macaque, langur
colobus, proboscis monkey, marmoset, capuchin, howler monkey
titi, spider monkey, squirrel monkey, ring-tailed lemur, indri
Indian elephant, African elephant, red panda, giant panda, barracouta
eel, coho salmon, rock beauty, anemone fish, sturgeon
gar, lionfish, pufferfish, abacus, abaya
academic gown, accordion, acoustic guitar, aircraft carrier, airliner
airship, altar, ambulance, amphibious vehicle, analog clock
apiary, apron, trash can, assault rifle, backpack
bakery, balance beam, balloon, ballpoint pen, Band Aid
banjo, bannister, barbell, barber chair, barbershop
barn, barometer, barrel, wheelbarrow, baseball
basketball, bassinet, bassoon, swimming cap, bath towel
bathtub, station wagon, lighthouse, beaker, bearskin
beer bottle, beer glass, bell cote, bib, tandem bicycle
bikini, ring-binder, binoculars, birdhouse, boathouse
bobsled, bolo tie, bonnet, bookcase, bookshop
bottlecap, bow, bow tie, plaque, bra
breakwater, breastplate, broom, bucket, buckle
bulletproof vest, bullet train, butcher shop, taxi, cauldron
candle, cannon, canoe, can opener, cardigan
car mirror, carousel, carpenter's kit, carton, car wheel
cash machine, cassette, cassette player, castle, catamaran
CD player, cello, mobile phone, chain, chainlink fence
chain mail, chain saw, chest, chiffonier, chime
china cabinet, Christmas stocking, church, cinema, cleaver
cliff dwelling, cloak, clog, cocktail shaker, coffee mug
coffeepot, coil, combination lock, computer keyboard, candy store
container ship, convertible, corkscrew, cornet, cowboy boot
cowboy hat, cradle, crane (machine), crash helmet, crate
crib, Crock Pot, croquet ball, crutch, cuirass
dam, desk, desktop computer, dial telephone, diaper
digital clock, digital watch, dining table, dishcloth, dishwasher
disk brake, dock, dogsled, dome, doormat
drilling platform, drum, drumstick, dumbbell, Dutch oven
electric fan, electric guitar, electric locomotive, entertainment center, envelope
espresso maker, face powder, feather boa, filing cabinet, fireboat
fire engine, fire screen, flagpole, flute, folding chair
football helmet, forklift, fountain, fountain pen, four-poster
freight car, French horn, frying pan, fur coat, garbage truck
gasmask, gas pump, goblet, go-kart, golf ball
golf cart, gondola, gong, gown, grand piano
greenhouse, grille, grocery store, guillotine, hair slide
hair spray, half track, hammer, hamper, hair dryer
hand-held computer, handkerchief, hard disk, harmonica, harp
harvester, hatchet, holster, home theater, honeycomb
hook, hoopskirt, horizontal bar, horse cart, hourglass
iPod, iron, jack-o'-lantern, blue jean, jeep
T-shirt, jigsaw puzzle, rickshaw, joystick, kimono
knee pad, knot, lab coat, ladle, lampshade
laptop, lawn mower, lens cap, letter opener, library
lifeboat, lighter, limousine, ocean liner, lipstick
loafer, lotion, loudspeaker, loupe, sawmill
magnetic compass, mailbag, mailbox, maillot (tights), maillot (tank suit)
manhole cover, maraca, marimba, mask, matchstick
maypole, maze, measuring cup, medicine cabinet, megalith
microphone, microwave, military uniform, milk can, minibus
miniskirt, minivan, missile, mitten, mixing bowl
mobile home, Model T, modem, monastery, monitor
moped, mortar, mortarboard, mosque, mosquito net
motor scooter, mountain bike, mountain tent, computer mouse, mousetrap
moving van, muzzle, nail, neck brace, necklace
nipple (bottle), notebook computer, obelisk, oboe, ocarina
odometer, oil filter, pipe organ, oscilloscope, overskirt
oxcart, oxygen mask, packet, paddle, paddlewheel
padlock, paintbrush, pajama, palace, panpipe
paper towel, parachute, parallel bars, park bench, parking meter
passenger car, patio, pay-phone, pedestal, pencil box
pencil sharpener, perfume, Petri dish, photocopier, plectrum
pickelhaube, picket fence, pickup truck, pier, piggy bank
pill bottle, pillow, ping-pong ball, pinwheel, pirate ship
pitcher, carpenter's plane, planetarium, plastic bag, plate rack
plow, plunger, Polaroid camera, pole, police van
poncho, pool table, pop bottle, pot, potter's wheel
power drill, prayer rug, printer, prison, projectile
projector, hockey puck, punching bag, purse, quill
quilt, racing car, racket, radiator, radio
radio telescope, rain barrel, recreational vehicle, reel, reflex camera
refrigerator, remote control, restaurant, revolver, rifle
rocking chair, rotisserie, rubber eraser, rugby ball, ruler
running shoe, safe, safety pin, saltshaker, sandal
sarong, saxophone, scabbard, scale, school bus
schooner, scoreboard, screen, screw, screwdriver
seat belt, sewing machine, shield, shoe shop, shoji
shopping basket, shopping cart, shovel, shower cap, shower curtain
ski, ski mask, sleeping bag, slide rule, sliding door
slot (machine), snorkel, snowmobile, snowplow, soap dispenser
soccer ball, sock, solar dish, sombrero, soup bowl
space bar, space heater, space shuttle, spatula, speedboat
spider web, spindle, sports car, spotlight, stage
steam locomotive, steel arch bridge, steel drum, stethoscope, stole
stone wall, stopwatch, stove, strainer, tram
stretcher, day bed, stupa, submarine, suit
sundial, sunglass, sunglasses, sunscreen, suspension bridge
mop, sweatshirt, swimming trunks, swing, switch
syringe, table lamp, tank, tape player, teapot
teddy bear, television, tennis ball, thatch, theater curtain
thimble, threshing machine, throne, tile roof, toaster
tobacco shop, toilet seat, torch, totem pole, tow truck
toyshop, tractor, trailer truck, tray, trench coat
tricycle, trimaran, tripod, triumphal arch, trolleybus
trombone, tub, turnstile, typewriter keyboard, umbrella
unicycle, upright piano, vacuum cleaner, vase, vault
velvet, vending machine, vestment, viaduct, violin
volleyball, waffle iron, wall clock, wallet, wardrobe
warplane, washbasin, washing machine, water bottle, water jug
water tower, whiskey jug, whistle, wig, window screen
window shade, Windsor tie, wine bottle, wing, wok
wooden spoon, wool, worm fence, wreck, yawl
yurt, web site, comic book, crossword puzzle, street sign
traffic light, book jacket, menu, plate, guacamole
consomme, hot pot, trifle, ice cream, popsicle
French loaf, bagel, pretzel, cheeseburger, hot dog
mashed potato, head cabbage, broccoli, cauliflower, zucchini
spaghetti squash, acorn squash, butternut squash, cucumber, artichoke
bell pepper, cardoon, mushroom, Granny Smith, strawberry
orange, lemon, fig, pineapple, banana
jackfruit, custard apple, pomegranate, hay, carbonara
chocolate sauce, dough, meat loaf, pizza, potpie
burrito, red wine, espresso, cup, eggnog
alp, bubble, cliff, coral reef, geyser
lakeside, promontory, sandbar, seashore, valley
volcano, baseball player, bridegroom, scuba diver, rapeseed
daisy, yellow lady's slipper, corn, acorn, rose hip
horse chestnut, coral fungus, agaric, gyromitra, stinkhorn
earthstar, hen-of-the-woods, bolete, ear (corn), toilet paper
`;

/** English names of ImageNet's 1000 classes, in the order of the scores of a model trained on them. */
export const imagenetLabels: readonly string[] = names.trim().split(/,\s|\n/);
