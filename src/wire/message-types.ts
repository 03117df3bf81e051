import { MessageType } from './message.ts'

/** By the numbers that stand for them. */
export const MESSAGE_TYPES: readonly MessageType[] = [MessageType.PUT_VALUE, MessageType.GET_VALUE, MessageType.ADD_PROVIDER, MessageType.GET_PROVIDERS, MessageType.FIND_NODE, MessageType.PING]
