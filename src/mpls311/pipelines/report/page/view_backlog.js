/* What is open, how old it is, and where. */

const backlogPart = () => null;
const backlogTypesPart = () => null;
const backlogPlacesPart = () => null;
const backlogOf = () => null;
