// The peer: Socket.IO's own way to show a message to a room. node server.js <port>
const http = require('http').createServer();
const { Server } = require('socket.io');

const io = new Server(http, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  socket.join('room');
  socket.on('chat', (message) => io.to('room').emit('chat', message));
});
http.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 }, () => console.log('ready'));
