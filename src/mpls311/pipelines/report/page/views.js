/* The views by the names they have in addresses; what the parts of each are. Some are always about all there is. */

const ofType = (year, what) => [
  tilesOf(what, year),
  gridPart(what),
  trendOf(what, year),
  waitPart(what.position),
  channelTimesPart(what, year),
  backlogOfType(what, year),
  yearsPart(what),
  targetsOf(what),
  areasPart(what, year),
  backlogWardsPart({ type: what.position }),
];
const ofPlace = (year, what) => [
  tilesOf(what, year),
  backlogOfPlace(what),
  gridPart(what),
  trendOf(what, year),
  typesOf(what, year),
  yearsPart(what),
];
const VIEWS = {
  "": {
    title: "Overview",
    parts: (year) => [
      yearTiles(year),
      weekPart(year),
      splitPart(year),
      columnsPart(year),
      trendPart(year),
      channelsPart(year),
    ],
  },
  types: { title: "Types", parts: (year) => [growthPart(year), typesPart(year), typeMonthsPart(year)] },
  times: { title: "Times", parts: (year) => [timesPart(year), servicePart(year), targetsPart(year)] },
  wait: { title: "How long will mine take?", always: true, parts: () => [waitPart()] },
  backlog: {
    title: "Backlog",
    parts: (year) => [backlogPart(year), backlogTypesPart(), backlogWardsPart(), backlogAreasPart()],
  },
  places: { title: "Places", parts: (year) => [placesPart(year), wardsPart(year)] },
  data: { title: "The data", always: true, parts: (year) => [qualityPart(year)] },
  type: { title: "Type", parts: ofType },
  category: {
    title: "Major category",
    parts: (year, what) => [
      tilesOf(what, year),
      gridPart(what),
      trendOf(what, year),
      growthPart(year, what.position),
      typesPart(year, { subject: what.position }),
      yearsPart(what),
    ],
  },
  channel: {
    title: "Channel",
    parts: (year, what) => [tilesOf(what, year), typesOf(what, year), yearsPart(what)],
  },
  community: { title: "Community", parts: ofPlace },
  neighborhood: { title: "Neighborhood", parts: ofPlace },
  ward: { title: "Ward", parts: ofPlace },
};
