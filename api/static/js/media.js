// The picture on the stage: joins the stream's room at the media server, shows what its creator sends, and lets the
// creator send. The media server's client is a large script, so only pages with such a server come here.
import "../vendor/livekit/livekit-client.umd.js";
import { busy } from "./dom.js";
import { call } from "./session.js";

const { Room, RoomEvent, setLogLevel } = globalThis.LivekitClient;
const RETRY_MS = { first: 2_000, most: 60_000 };
const REFUSED = new Set([401, 403, 404, 409]);
const UNREACHABLE = "The video server does not answer. Chat and gifts go on, the picture comes back by itself.";

setLogLevel("silent");

const stage = document.querySelector(".stage");
const picture = document.getElementById("picture");
const note = document.getElementById("picture-note");
const sound = document.getElementById("sound");
const camera = document.getElementById("camera");

/** The one room of this page; `close` when the stream is over. */
export class Picture {
  #stream;
  #waiting = note.textContent;
  #room = null;
  #retry = 0;
  #wait = RETRY_MS.first;
  #isClosed = false;

  constructor(stream) {
    this.#stream = stream;
    sound.addEventListener("click", () => this.#room?.startAudio());
    camera?.addEventListener("click", () => busy(camera, () => (this.#room ? this.#stopSending() : this.#join())));
  }

  /** Watch; a creator comes in by the camera button, so that a second tab takes nothing away from the first. */
  start() {
    if (!camera) this.#join();
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#room?.disconnect();
  }

  async #join() {
    const room = this.#make();
    try {
      const pass = await call("POST", `/api/streams/${this.#stream}/token`);
      await room.connect(pass.url, pass.token);
      this.#room = room;
      this.#wait = RETRY_MS.first;
      this.#tell(this.#waiting);
      this.#askForSound(room);
      if (pass.publishes) await this.#send(room);
    } catch (error) {
      const wasIn = this.#room === room;
      await room.disconnect();
      if (REFUSED.has(error.status)) this.#tell(error.message);
      else if (!camera) this.#tryAgain();
      else this.#tell(wasIn ? `The camera could not be used: ${error.message}` : "The video server does not answer.");
    }
  }

  #make() {
    const room = new Room({ adaptiveStream: true, dynacast: true });
    return room
      .on(RoomEvent.TrackSubscribed, (track, _, { identity }) => this.#show(track, identity.split(":")[0]))
      .on(RoomEvent.TrackUnsubscribed, (track) => this.#remove(track))
      .on(RoomEvent.LocalTrackPublished, ({ track }) => track.kind === "video" && this.#show(track))
      .on(RoomEvent.LocalTrackUnpublished, ({ track }) => this.#remove(track))
      .on(RoomEvent.AudioPlaybackStatusChanged, () => this.#askForSound(room))
      .on(RoomEvent.Disconnected, () => this.#lose(room));
  }

  async #send(room) {
    await room.localParticipant.enableCameraAndMicrophone();
    camera.textContent = "Turn the camera off";
  }

  async #stopSending() {
    await this.#room.disconnect();
  }

  /** Of a clip (`from` is "segment") only the clip is seen while it lasts. */
  #show(track, from = "") {
    const element = track.attach();
    element.dataset.from = from;
    picture.append(element);
    this.#light();
  }

  #remove(track) {
    for (const element of track.detach()) element.remove();
    this.#light();
  }

  /** The poster and its words make place for a picture. */
  #light() {
    stage.toggleAttribute("data-picture", Boolean(picture.querySelector("video")));
  }

  /** Browsers play no sound before somebody has touched the page. */
  #askForSound(room) {
    sound.hidden = room.canPlaybackAudio;
  }

  /** The room was left, by the server's will or by the network's: who may, comes back. */
  #lose(room) {
    if (room !== this.#room) return;
    this.#room = null;
    picture.replaceChildren();
    this.#light();
    sound.hidden = true;
    if (camera) camera.textContent = "Turn the camera on";
    else if (!this.#isClosed) this.#tryAgain();
  }

  #tryAgain() {
    this.#tell(UNREACHABLE);
    this.#retry = setTimeout(() => this.#join(), this.#wait * (0.5 + Math.random() / 2));
    this.#wait = Math.min(RETRY_MS.most, this.#wait * 2);
  }

  #tell(words) {
    note.textContent = words;
  }
}
