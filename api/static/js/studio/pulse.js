// What happens in the stream this very moment, as the room tells its creator every five seconds.
import { Room } from "../../vendor/livestreamx/livestreamx.js";
import { accessToken } from "../session.js";
import { put, written } from "./words.js";

/** Follow the stream's room, which is given back; a stream that ends elsewhere is shown as ended. */
export function followPulse(strip, stream) {
  const room = new Room({ stream, view: "studio", channels: ["stream"], token: accessToken });
  room
    .on("analytics:tick", (tick) => {
      for (const place of strip.querySelectorAll("[data-pulse]")) put(place, written("number", tick[place.dataset.pulse]));
      strip.dataset.state = "moving";
    })
    .on("state", (state) => state !== "open" && delete strip.dataset.state)
    .on("stream:state", ({ status }) => status !== "live" && location.reload())
    .start();
  return room;
}
