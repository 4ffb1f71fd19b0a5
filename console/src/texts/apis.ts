export const apis = {
  method: "Method",
  endpoint: "Endpoint",
  host: "Host",
  attacks: "Attacks",
  actors: "Actors",
  firstAttacked: "First attacked",
  threatApis: "Threat APIs",
  whichEndpointsAreAttacked: "Which endpoints are attacked, how often, and by how many",
  chooseALongerTime: "Choose a longer time range, or look at Sensors whether traffic is being seen.",
  noEndpointWasAttacked: "No endpoint was attacked in this time",
};
