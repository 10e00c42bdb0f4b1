// A bot that knows nothing of Tutti: an unmodified discord.js that logs in where it is told to, does what it is
// told, and prints what it sees.
//
//   node bot.mjs <api url, without the version> <token>
// messages:        "reply" answered, "webhook" answered as Ada by a webhook, "burst <n>" answered n times
// standard input:  stop
// standard output: ready <user> <guilds> | message <content> | said <what> | failed <what>: <why>
//                  | resumed <events> | closed <code> | limited <route> | interaction <name>
import { createInterface } from 'node:readline';
import { Client, Events, GatewayIntentBits, MessageFlags, RESTEvents } from 'discord.js';

const [api, token] = process.argv.slice(2);
const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.MessageContent],
  rest: { api },
});
const say = (...words) => console.log(words.join(' '));

// Does it, and says how that ended.
async function attempt(what, work) {
  try {
    await work();
    say('said', what);
  } catch (error) {
    say(`failed ${what}: ${error.code ?? error}`);
  }
}

async function speakAsAda(message) {
  const hooks = await message.channel.fetchWebhooks();
  const hook = hooks.find((one) => one.token) ?? (await message.channel.createWebhook({ name: 'personalities' }));
  await hook.send({
    content: `as Ada <@${message.author.id}> @everyone`,
    username: 'Ada',
    avatarURL: 'https://example.org/ada.png',
    allowedMentions: { parse: [] },
  });
}

client.on(Events.ClientReady, async () => {
  await client.application.commands.set([
    {
      name: 'channel',
      description: 'of channels',
      options: [{ name: 'personality', description: 'whose', type: 3, autocomplete: true }],
    },
  ]);
  say('ready', client.user.username, client.guilds.cache.size);
});
client.on(Events.MessageCreate, async (message) => {
  if (message.author.bot) return;
  say('message', message.content);
  if (message.content === 'reply') await attempt('reply', () => message.reply('you wrote to me'));
  if (message.content === 'webhook') await attempt('webhook', () => speakAsAda(message));
  const burst = /^burst (\d+)$/.exec(message.content);
  if (burst) {
    const all = Array.from({ length: Number(burst[1]) }, (_, i) => message.channel.send(`number ${i}`));
    await attempt('burst', () => Promise.all(all));
  }
});
client.on(Events.InteractionCreate, async (interaction) => {
  say('interaction', interaction.commandName ?? interaction.customId);
  if (interaction.isAutocomplete()) {
    const typed = interaction.options.getFocused();
    await attempt('choices', () => interaction.respond([{ name: `${typed}da`, value: 'ada' }]));
  }
  if (interaction.isChatInputCommand()) {
    await attempt('deferred', () => interaction.deferReply({ flags: MessageFlags.Ephemeral }));
    const may = interaction.memberPermissions.has('ManageMessages');
    await attempt('edited', () => interaction.editReply(`${may} ${interaction.options.getString('personality')}`));
  }
});
client.on(Events.ShardResume, (_, events) => say('resumed', events));
client.on(Events.ShardReconnecting, () => say('reconnecting'));
client.on(Events.ShardDisconnect, ({ code }) => say('closed', code));
client.on(Events.Error, (error) => say('error', error.message));
client.rest.on(RESTEvents.RateLimited, ({ method, route }) => say('limited', method, route));

await attempt('login', () => client.login(token));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') break;
}
await client.destroy();
