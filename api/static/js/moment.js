// The page of a moment: sharing it.
import { localTimes } from "./dom.js";
import { shares } from "./sharing.js";

document.querySelectorAll("[data-sharing]").forEach(shares);
localTimes();
