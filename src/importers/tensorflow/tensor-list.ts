export interface TensorList {
  readonly kind: 'list';
}
