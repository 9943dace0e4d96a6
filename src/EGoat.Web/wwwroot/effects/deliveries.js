// Who has which of this page's own texts, over a reload. A record: id, room, wire (the text as it is sent), and recipients:
// [{identity, name, isConfirmed}].

import { transact } from './database.js';

const STORE = 'deliveries';

export const keepDelivery = record => transact(STORE, 'readwrite', store => store.put(record));

export const deliveriesOf = room => transact(STORE, 'readonly', store => store.index('room').getAll(room));
